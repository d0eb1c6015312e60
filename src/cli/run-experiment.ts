import { fileURLToPath } from 'node:url';
import { type LoadedExperiment, loadExperiment, resolveRun } from '../config/index.js';
import { describeLaunch, writeLaunchRecord } from './launch-record.js';
import { refuseHopelessLaunch } from './preflight.js';
import type { SuperviseOptions } from './start-options.js';

/** Node and the reference trainer's launcher. */
export const referenceTrainer = [
  process.execPath,
  fileURLToPath(new URL('../../bin/train.js', import.meta.url)),
] as const;

/** Loads the experiment and supervises it, or prints what would be done. Returns the exit code. */
export async function runExperiment({ experiment, flags, dryRun, json, startOver }: SuperviseOptions): Promise<number> {
  const loaded = loadExperiment({ path: experiment, flags, env: process.env });
  const run = resolveRun(loaded, process.cwd());
  if (dryRun) {
    const { printDryRun } = await import('./dry-run.js');
    return printDryRun({ loaded, run, json, startOver, referenceTrainer });
  }
  writeWarnings(loaded);
  const refused = await refuseHopelessLaunch({ loaded, run, referenceTrainer });
  if (refused !== undefined) return refused;
  const [{ runSupervisor }, { createTerminalView }] = await Promise.all([
    import('../supervisor/index.js'),
    import('../ui/terminal/index.js'),
  ]);
  const view = await createTerminalView({ stream: process.stdout, isTerminal: process.stdout.isTTY === true });
  try {
    const result = await runSupervisor({
      loaded,
      run,
      referenceTrainer,
      startOver,
      onEntry: (entry) => {
        if (entry.event === 'run_started') writeLaunchRecord(run.runDir, describeLaunch(loaded.path, flags));
        view.onEntry(entry);
      },
      onStatus: view.onStatus,
    });
    view.close();
    for (const line of result.report) process.stderr.write(`${line}\n`);
    return result.exitCode;
  } finally {
    view.close();
  }
}

/** Tells what the file holds that has no effect, or other effects than its author may think. */
export function writeWarnings({ path, warnings }: LoadedExperiment): void {
  for (const { message, line } of warnings)
    process.stderr.write(`warning: ${path}${line === undefined ? '' : `:${line}`}: ${message}\n`);
}
