import type { JournalEntry } from '../protocol/index.js';
import { type FaultName, type FaultOutcome, faults } from './faults.js';

/** A fault of a campaign, and what came of it. Times are milliseconds. */
export interface FaultRecord {
  readonly fault: FaultName;
  /** When it was due, since the beginning of the run. */
  readonly plannedMs: number;
  /** What was done, with the proof; or why it could not be done. */
  readonly what: string;
  readonly isInjected: boolean;
  /** Time of day at which it struck. */
  readonly atMs: number;
  /** Whether the supervisor noticed it; null where there is nothing to notice. */
  readonly isDetected: boolean | null;
  readonly detectMs: number | null;
  /** What the supervisor called it. */
  readonly seenAs: string | null;
  readonly isRecovered: boolean;
  /** From the fault to the first sign of work after it. */
  readonly recoverMs: number | null;
  /** Work since the last checkpoint that had to be done again. */
  readonly lostMs: number | null;
  /** What is wrong all the same. */
  readonly objection: string | null;
}

/** What the journal and the trainer have told since a fault struck. */
export interface Evidence {
  readonly entries: readonly JournalEntry[];
  /** Launches after this one come after the fault. */
  readonly attempt: number | undefined;
  readonly atMs: number;
  /** When the trainer was first seen at work after the fault, for faults that end nothing. */
  readonly workedAtMs: number | undefined;
}

/** What came of a fault so far. */
export interface Observation {
  readonly isDetected: boolean | null;
  readonly detectMs: number | null;
  readonly seenAs: string | null;
  readonly isRecovered: boolean;
  readonly recoverMs: number | null;
  readonly lostMs: number | null;
  /** The launch that recovered, where there was one. */
  readonly recoveredBy: number | undefined;
}

/** Reads from the journal what came of a fault. Pure. */
export function observe(fault: FaultName, evidence: Evidence): Observation {
  const { entries, atMs } = evidence;
  const { outcome } = faults[fault] as { outcome: FaultOutcome };
  const detection = outcome === 'tolerated' ? undefined : entries.find(isNotice);
  const recovery = findRecovery(outcome, evidence);
  const ends = entries.filter((entry) => entry.event === 'exited');
  const end = ends.find((entry) => entry.class !== 'finished');
  return {
    isDetected: outcome === 'tolerated' ? null : detection !== undefined,
    detectMs: detection === undefined ? null : since(atMs, detection),
    seenAs: end?.class ?? (detection?.event === 'adopted' ? 'adopted' : null),
    isRecovered: recovery !== undefined,
    recoverMs: recovery === undefined ? null : Math.max(0, recovery.timeMs - atMs),
    lostMs: end?.lost_ms ?? null,
    recoveredBy: recovery?.attempt,
  };
}

/** Entries of the journal that end an attempt without an end of the training, and that no fault accounts for. */
export function findFalseKills(
  entries: readonly JournalEntry[],
  struck: readonly { readonly firstEntry: number; readonly lastEntry: number }[],
): readonly JournalEntry[] {
  return entries.filter((entry, index) => {
    if (entry.event !== 'exited' || entry.class === 'finished' || entry.class === 'stopped') return false;
    return !struck.some(({ firstEntry, lastEntry }) => index >= firstEntry && index <= lastEntry);
  });
}

function isNotice(entry: JournalEntry): boolean {
  switch (entry.event) {
    case 'exited':
      return entry.class !== 'finished';
    case 'hang_detected':
    case 'adopted':
    case 'waiting':
    case 'run_started':
    // A run that was complete when it was struck needs no other trainer.
    case 'completed':
      return true;
    default:
      return false;
  }
}

interface Recovery {
  readonly timeMs: number;
  readonly attempt: number | undefined;
}

function findRecovery(outcome: FaultOutcome, { entries, attempt, workedAtMs }: Evidence): Recovery | undefined {
  if (outcome === 'gives-up') {
    const end = entries.find((entry) => entry.event === 'gave_up');
    return end === undefined ? undefined : { timeMs: Date.parse(end.time), attempt: undefined };
  }
  const completed = entries.find((entry) => entry.event === 'completed');
  if (outcome === 'tolerated' && workedAtMs === undefined && completed !== undefined) return atEndOf(completed);
  if (outcome === 'tolerated') return workedAtMs === undefined ? undefined : { timeMs: workedAtMs, attempt: undefined };
  const signs = entries.filter((entry) => entry.event === 'ready' || entry.event === 'epoch_completed');
  const adopted = outcome === 'adopted' ? entries.find((entry) => entry.event === 'adopted') : undefined;
  if (adopted !== undefined) return { timeMs: Date.parse(adopted.time), attempt: undefined };
  const sign = signs.find((entry) => attempt === undefined || entry.attempt > attempt);
  if (sign !== undefined) return { timeMs: Date.parse(sign.time), attempt: sign.attempt };
  if (completed !== undefined) return atEndOf(completed);
  // A disk that was full only between two saves ends nothing.
  return outcome === 'waits' && workedAtMs !== undefined ? { timeMs: workedAtMs, attempt: undefined } : undefined;
}

function atEndOf({ time }: JournalEntry): Recovery {
  return { timeMs: Date.parse(time), attempt: undefined };
}

function since(atMs: number, { time }: JournalEntry): number {
  return Math.max(0, Date.parse(time) - atMs);
}
