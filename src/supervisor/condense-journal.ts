import type { JournalEntry, RecordOf } from '../protocol/index.js';
import { keptDivergences } from './divergence.js';
import { isDivergence } from './run-history.js';

type EntryOf<Name extends JournalEntry['event']> = Extract<JournalEntry, { event: Name }>;

/** What the next part of a journal begins with. */
export interface CondensedJournal {
  /** Entries that are carried over, in their order. */
  readonly carried: readonly JournalEntry[];
  /** Comes after them: what the entries that are left behind sum up to. */
  readonly rotated: RecordOf<'rotated'>;
}

/** As many durations as a supervisor estimates from. */
const keptEpochs = 20;

/**
 * Chooses the entries from which the same state is rebuilt as from all: `readHistory` makes no difference between the two,
 * whatever comes after them. Pure.
 */
export function condenseJournal(entries: readonly JournalEntry[]): CondensedJournal {
  const begun = entries.findLastIndex((entry) => entry.event === 'run_started' && entry.start !== 'continued');
  const current = begun < 0 ? entries : entries.slice(begun);
  const latest = current.findLastIndex(({ event }) => event === 'run_started');
  const all = <Name extends JournalEntry['event']>(name: Name) =>
    current.filter((entry): entry is EntryOf<Name> => entry.event === name);
  const kept = new Set<JournalEntry | undefined>([
    entries[begun],
    entries.findLast((entry) => entry.event === 'run_started' && /^[\w-]{8,}$/.test(entry.token)),
    current[latest],
    ...current
      .slice(latest + 1)
      .filter(({ event }) => event === 'completed' || event === 'gave_up' || event === 'stopped'),
    greatest(
      entries.filter((entry): entry is EntryOf<'launching'> => entry.event === 'launching'),
      ({ attempt }) => attempt,
    ),
    ...attemptUnderWay(current),
    all('checkpoint_verified').at(-1),
    greatest(all('checkpoint_verified'), ({ last_completed_epoch }) => last_completed_epoch),
    ...all('epoch_completed')
      .filter(({ epoch_ms }) => epoch_ms !== undefined)
      .slice(-keptEpochs),
    all('epoch_completed').at(-1),
    greatest(all('epoch_completed'), ({ epoch }) => epoch),
    all('exited').at(-1),
    ...all('exited').filter(isDivergence).slice(-keptDivergences),
    all('backing_off').at(-1),
    all('ready').at(-1),
  ]);
  const earlier = all('rotated').at(-1);
  const left = all('exited').filter((entry) => !kept.has(entry) && isFailure(entry));
  const carried = entries.filter((entry) => kept.has(entry));
  return {
    carried,
    rotated: {
      event: 'rotated',
      part: (entries.findLast((entry) => entry.event === 'rotated')?.part ?? 0) + 1,
      carried: carried.length,
      failures: left.length + (earlier?.failures ?? 0),
      failed_ms: left.reduce((sum, { ran_ms }) => sum + ran_ms, earlier?.failed_ms ?? 0),
    },
  };
}

/** The latest launch that was announced, with its process and its end. */
function attemptUnderWay(current: readonly JournalEntry[]): readonly JournalEntry[] {
  const since = current.slice(
    Math.max(
      0,
      current.findLastIndex(({ event }) => event === 'launching'),
    ),
  );
  const launching = since.find((entry) => entry.event === 'launching');
  if (launching === undefined) return [];
  const ofIt = (event: JournalEntry['event']) =>
    since.findLast((entry) => entry.event === event && 'attempt' in entry && entry.attempt === launching.attempt);
  return [launching, ofIt('launched'), ofIt('exited'), ofIt('launch_failed')].filter((entry) => entry !== undefined);
}

function isFailure({ class: name }: EntryOf<'exited'>): boolean {
  return name !== 'finished' && name !== 'stopped';
}

function greatest<Entry>(entries: readonly Entry[], by: (entry: Entry) => number): Entry | undefined {
  return entries.reduce<Entry | undefined>(
    (most, entry) => (most === undefined || by(entry) > by(most) ? entry : most),
    undefined,
  );
}
