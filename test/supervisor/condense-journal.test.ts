import { describe, expect, it } from 'vitest';
import type { JournalEntry } from '../../src/protocol/index.js';
import { condenseJournal } from '../../src/supervisor/condense-journal.js';
import { readHistory } from '../../src/supervisor/run-history.js';
import { fc } from '../fast-check.js';

const few = fc.nat(4);
const time = '2026-01-01T00:00:00.000Z';

/** Any entry from which a state is rebuilt; they follow each other in every order, sensible or not. */
const anyEntry = fc
  .record({
    kind: fc.constantFrom(
      ...(['run_started', 'checkpoint_verified', 'launching', 'launched', 'launch_failed', 'ready'] as const),
      ...(['epoch_completed', 'epoch_completed', 'exited', 'exited', 'backing_off', 'completed', 'stopped'] as const),
    ),
    start: fc.constantFrom('new', 'continued', 'continued', 'fresh'),
    token: fc.constantFrom('aaaaaaaaaaaa', 'bbbbbbbbbbbb', 'bad'),
    class: fc.constantFrom('killed', 'hang', 'finished', 'stopped', 'diverged'),
    attempt: few,
    epoch: few,
    ms: fc.option(fc.nat(1000), { nil: undefined }),
  })
  .map(({ kind, start, token, attempt, epoch, ms, class: name }): JournalEntry => {
    const ofAll = { time, event: kind, attempt, epochs_completed: epoch, epochs_total: 9 };
    const more = {
      run_started: { start, token },
      checkpoint_verified: { last_completed_epoch: epoch },
      epoch_completed: { epoch, epoch_ms: ms, epoch_info: { last_completed_epoch: epoch, at: ms } },
      exited: { class: name, ran_ms: ms ?? 7, diverged_epoch: ms === undefined ? undefined : epoch, diverged_step: ms },
      backing_off: { restarts: attempt, restarts_without_progress: epoch },
      launched: { pid: attempt + 10, start_time: String(ms), boot_id: 'b', output: 'o' },
    };
    return { ...ofAll, ...(more as Record<string, object>)[kind] } as unknown as JournalEntry;
  });

function condense(entries: readonly JournalEntry[]): JournalEntry[] {
  const { carried, rotated } = condenseJournal(entries);
  return [...carried, { time, ...rotated }];
}

describe('condenseJournal', () => {
  it('carries over all that a state is rebuilt from, once and again', () => {
    const property = fc.property(fc.array(fc.array(anyEntry, { maxLength: 60 }), { maxLength: 4 }), (parts) => {
      let condensed: JournalEntry[] = [];
      for (const part of parts) condensed = condense(condensed.concat(part));
      expect(readHistory(condensed)).toEqual(readHistory(parts.flat()));
    });
    fc.assert(property, { numRuns: 3000 });
  });

  it('carries over no more than a little, however long the journal was', () => {
    const long = fc.sample(anyEntry, { numRuns: 20_000, seed: 1 });
    expect(condense(long).length).toBeLessThan(150);
  });

  it('counts its parts', () => {
    const first = condense([]);
    expect(first).toMatchObject([{ event: 'rotated', part: 1, carried: 0, failures: 0 }]);
    expect(condense(first)).toMatchObject([{ event: 'rotated', part: 2, carried: 0 }]);
  });
});
