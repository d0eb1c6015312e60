import type { RunFacts } from './state.js';

/** What is assumed before a run has shown how often it fails: once in three hours. */
const assumedMs = 3 * 3_600_000;
/** The assumption counts as this part of a failure: a run that fails every minute is soon believed. */
const weight = 0.1;

/** Mean time between failures (ms) of a run so far, by Bayes with a gamma prior. Pure. */
export function meanTimeBetweenFailuresMs({ failed }: RunFacts): number {
  return (failed.ranMs + weight * assumedMs) / (failed.count + weight);
}
