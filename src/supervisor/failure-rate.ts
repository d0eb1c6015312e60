import type { RunFacts } from './state.js';

/** What is assumed before a run has shown how often it fails: once in three hours. */
const assumedMs = 3 * 3_600_000;

/** Mean time between failures (ms) of a run so far; the assumption counts as one observation. Pure. */
export function meanTimeBetweenFailuresMs({ failed }: RunFacts): number {
  return (failed.ranMs + assumedMs) / (failed.count + 1);
}
