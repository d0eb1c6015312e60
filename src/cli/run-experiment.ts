import { fileURLToPath } from 'node:url';
import { describeLaunch, writeLaunchRecord } from './launch-record.js';
import { type Preparation, type PreparationOrder, prepareApart } from './prepare-apart.js';
import type { SuperviseOptions } from './start-options.js';
import { writeWarnings } from './write-warnings.js';

/** Node and the reference trainer's launcher. */
export const referenceTrainer = [
  process.execPath,
  fileURLToPath(new URL('../../bin/train.js', import.meta.url)),
] as const;

/** The process that works at a remote store. */
export const remoteProcess = [
  process.execPath,
  fileURLToPath(new URL('../../bin/remote.js', import.meta.url)),
] as const;

/** Loads the experiment and supervises it, or prints what would be done. Returns the exit code. */
export async function runExperiment({ experiment, flags, dryRun, json, startOver }: SuperviseOptions): Promise<number> {
  if (dryRun) {
    const { dryRunExperiment } = await import('./dry-run.js');
    return dryRunExperiment({ experiment, flags, json, startOver, referenceTrainer });
  }
  const preparing = prepareExperiment({ experiment, flags, cwd: process.cwd(), referenceTrainer });
  const [{ rehearseLaunch, runSupervisor }, { createTerminalView }] = await Promise.all([
    import('../supervisor/index.js'),
    import('../ui/terminal/index.js'),
  ]);
  // There is nothing else to do until the experiment is loaded.
  const kernelLog = rehearseLaunch();
  const prepared = await preparing;
  if (typeof prepared === 'number') return prepared;
  const { loaded, run } = prepared;
  const view = await createTerminalView({ stream: process.stdout, isTerminal: canDraw() });
  try {
    const result = await runSupervisor({
      loaded,
      run,
      referenceTrainer,
      remoteProcess,
      startOver,
      kernelLog,
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

/** Bars need a terminal that moves its cursor. */
function canDraw(): boolean {
  return process.stdout.isTTY === true && process.env['TERM'] !== 'dumb';
}

/** In a process of its own, when nothing is amiss; else here. */
async function prepareExperiment(order: PreparationOrder): Promise<Preparation | number> {
  const prepared = await prepareApart(order);
  if (prepared === undefined) {
    const { prepareHere } = await import('./prepare-here.js');
    return prepareHere(order);
  }
  writeWarnings(prepared.loaded);
  return prepared;
}
