import type { RunFacts } from './state.js';

/** What is expected counts as this part of a failure: a run that fails every minute is soon believed. */
const weight = 0.1;

/** Mean time between failures (ms) of a run so far, by Bayes with a gamma prior. Pure. */
export function meanTimeBetweenFailuresMs({ failed }: Pick<RunFacts, 'failed'>, expectedMs: number): number {
  return (failed.ranMs + weight * expectedMs) / (failed.count + weight);
}
