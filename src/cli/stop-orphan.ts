import { runSupervisor } from '../supervisor/index.js';
import { inspectRun, type RunInspection } from '../supervisor/shell/inspect-run.js';
import { describeEntry } from '../ui/terminal/describe-entry.js';
import { loadRecordedRun } from './load-recorded-run.js';
import { referenceTrainer, remoteProcess } from './run-experiment.js';
import type { StopOptions } from './stop-options.js';

/**
 * Ends a trainer whose supervisor died: this process becomes its supervisor, adopts it, and stops it, so that it gets its
 * SIGTERM and its grace, and the journal tells. Ctrl-C meanwhile ends the trainer at once. Nothing is launched.
 */
export async function stopOrphan(found: RunInspection, { runDir, force, tell }: StopOptions): Promise<RunInspection> {
  const todo =
    found.trainer === undefined ? 'ending what is left of its trainer' : `adopting trainer ${found.trainer} to stop it`;
  tell(`supervisor ${found.holder?.pid ?? ''} is dead; ${todo}`);
  await runSupervisor({
    ...loadRecordedRun(runDir, found.status),
    referenceTrainer,
    remoteProcess,
    startOver: false,
    endOnly: force ? 'forced' : 'asked',
    onEntry: (entry) => {
      for (const line of describeEntry(entry)) tell(line);
    },
    onStatus: () => undefined,
  });
  return inspectRun(runDir);
}
