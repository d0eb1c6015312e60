import type { JournalEntry } from '../protocol/index.js';
import { median } from '../supervisor/median.js';
import type { Costs, Workload } from './scenario.js';

/** What a run's own journal tells of its costs; what it does not tell is left out. */
export interface MeasuredCosts {
  readonly epochSecs?: Workload['epochSecs'];
  readonly startSecs?: Costs['startSecs'];
  /** Failures seen, and the time (seconds) of work in which they came. */
  readonly failures: number;
  readonly workedSecs: number;
}

/** Reads the median epoch and start-up, and the failures, out of a journal. */
export function measureCosts(journal: readonly JournalEntry[]): MeasuredCosts {
  const epochMs = journal.flatMap((entry) => (entry.event === 'epoch_completed' ? (entry.epoch_ms ?? []) : []));
  const startMs = journal.flatMap((entry) => (entry.event === 'ready' ? entry.after_ms : []));
  const exits = journal.flatMap((entry) => (entry.event === 'exited' ? [entry] : []));
  const failures = exits.filter((entry) => entry.class !== 'finished' && entry.class !== 'stopped');
  return {
    ...(epochMs.length > 0 && { epochSecs: median(epochMs) / 1000 }),
    ...(startMs.length > 0 && { startSecs: median(startMs) / 1000 }),
    failures: failures.length,
    workedSecs: exits.reduce((sum, { ran_ms }) => sum + ran_ms, 0) / 1000,
  };
}
