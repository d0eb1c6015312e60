import { runSupervisor } from '../supervisor/index.js';
import { inspectRun, type RunInspection } from '../supervisor/shell/inspect-run.js';
import { describeEntry } from '../ui/terminal/describe-entry.js';
import { loadRecordedRun } from './load-recorded-run.js';
import { referenceTrainer, remoteProcess } from './run-experiment.js';
import type { StopOptions } from './stop-options.js';

const stopAfter: ReadonlySet<string> = new Set(['adopted', 'leftovers_removed', 'launching', 'waiting', 'backing_off']);

/**
 * Ends a trainer whose supervisor died: this process becomes its supervisor, adopts it, and stops it, so that it gets its
 * SIGTERM and its grace, and the journal tells. Ctrl-C meanwhile ends the trainer at once.
 */
export async function stopOrphan(found: RunInspection, { runDir, force, tell }: StopOptions): Promise<RunInspection> {
  const todo =
    found.trainer === undefined ? 'ending what is left of its trainer' : `adopting trainer ${found.trainer} to stop it`;
  tell(`supervisor ${found.holder?.pid ?? ''} is dead; ${todo}`);
  let isAsked = false;
  await runSupervisor({
    ...loadRecordedRun(runDir, found.status),
    referenceTrainer,
    remoteProcess,
    startOver: false,
    onEntry: (entry) => {
      for (const line of describeEntry(entry)) tell(line);
      // Not before the adoption: without a trainer the run would end at once. Or nothing but leftovers was there.
      if (isAsked || !stopAfter.has(entry.event)) return;
      isAsked = true;
      process.emit('SIGTERM', 'SIGTERM');
      if (force) process.emit('SIGTERM', 'SIGTERM');
    },
    onStatus: () => undefined,
  });
  return inspectRun(runDir);
}
