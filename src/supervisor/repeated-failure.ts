import type { FailureClassName } from './failure-classes.js';
import type { Failure, RepeatedFailure, RunFacts } from './state.js';

/** As often as this in a row, a failure at one place is no accident. */
export const suspicious = 3;

/** Heartbeats tell the step only now and then, so that steps this close count as one place: a share of the epoch, and at least this many. */
const closeShare = 0.02;
const closeSteps = 3;

/** Classes that the state of the training itself may cause: going back to an earlier checkpoint can help. */
const ofTheTraining: ReadonlySet<FailureClassName> = new Set([
  'abort',
  'checkpoint-corrupt',
  'code',
  'crash',
  'data-corrupt',
  'exception',
  'gpu-fault',
  'hang',
  'segfault',
]);

/** Counts a failure that comes again at the same place; another one, or another place, begins anew. Pure. */
export function noteRepetition(run: RunFacts, failure: Failure): RepeatedFailure | undefined {
  if (!ofTheTraining.has(failure.class)) return undefined;
  const { repeated, progress, heartbeat } = run;
  const step = heartbeat?.epoch === progress.epochs + 1 ? heartbeat.step : progress.partialStep;
  const isClass = repeated?.class === failure.class;
  const reach = Math.max(closeSteps, (heartbeat?.steps_per_epoch ?? 0) * closeShare);
  const isPlace = isClass && repeated.epochs === progress.epochs && Math.abs(repeated.step - step) <= reach;
  const hasSteppedBack = isClass && repeated.hasSteppedBack && progress.epochs <= repeated.epochs;
  const count = isPlace ? repeated.count + 1 : 1;
  return { class: failure.class, epochs: progress.epochs, step, count, hasSteppedBack };
}
