import type { Heartbeat } from '../protocol/heartbeat.js';
import { noProgress, type Progress } from '../supervisor/progress.js';
import type { Costs, Workload } from './scenario.js';

/** Epochs and steps that a checkpoint of this much work (seconds of training) holds; a step is a second of training here. */
export function progressOf(savedSecs: number, { epochSecs }: Workload): Progress {
  if (savedSecs === 0) return noProgress;
  const epochs = Math.floor(savedSecs / epochSecs + 1e-9);
  return { epochs, partialStep: Math.max(0, Math.floor(savedSecs - epochs * epochSecs)) };
}

/** Where the work stands; a step is a thousandth of the time between two signs, so that each tells more than the one before. */
export function heartbeatOf(
  { attempt, work, hasStarted }: { readonly attempt: number; readonly work: number; readonly hasStarted: boolean },
  { epochSecs }: Workload,
  { heartbeatSecs }: Costs,
): Heartbeat {
  const stepsOf = (secs: number) => Math.floor((secs / heartbeatSecs) * 1000);
  return {
    attempt,
    pid: attempt,
    phase: hasStarted ? 'train' : 'startup',
    epoch: Math.floor(work / epochSecs) + 1,
    step: stepsOf(work % epochSecs),
    steps_per_epoch: stepsOf(epochSecs),
  };
}
