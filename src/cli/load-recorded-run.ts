import { join } from 'node:path';
import { type LoadedExperiment, loadExperiment, type ResolvedRun, resolveRun } from '../config/index.js';
import { type RunStatus, runPaths } from '../protocol/index.js';

/** The run of a directory as it was recorded there: its experiment, and where its status says that the checkpoints are. */
export function loadRecordedRun(
  runDir: string,
  status: RunStatus | undefined,
): { readonly loaded: LoadedExperiment; readonly run: ResolvedRun } {
  const checkpointDir = status?.checkpoint_dir ?? join(runDir, 'checkpoints');
  const loaded = loadExperiment({
    path: runPaths(runDir).experiment,
    flags: { run_dir: runDir, checkpoint_dir: checkpointDir },
  });
  return { loaded, run: resolveRun(loaded, runDir) };
}
