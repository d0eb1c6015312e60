import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Effect } from '../../src/supervisor/effect.js';
import type { SupervisorEvent, TimerName } from '../../src/supervisor/event.js';
import { begin, reduce } from '../../src/supervisor/reduce.js';
import type { State } from '../../src/supervisor/state.js';
import { epochs, event, facts, rules, trainer } from './support.js';

const timers: TimerName[] = ['settle', 'backoff', 'grace', 'kill', 'linger', 'recheck', 'hang', 'upload'];
const statuses = [
  { code: 0, signal: null },
  { code: 1, signal: null },
  { code: 64, signal: null },
  { code: 75, signal: null },
  { code: null, signal: 'SIGKILL' as const },
  { code: null, signal: null },
];

/** Any event that could come, sensible or not; it speaks of the current attempt, or of another one. */
const anyEvent = fc
  .record({
    kind: fc.constantFrom(
      ...(['checkpointVerified', 'adopted', 'spawned', 'spawnFailed', 'ready', 'heartbeat', 'progress'] as const),
      ...(['inspected', 'uploadSettled'] as const),
      ...(['exited', 'timerFired', 'stopRequested', 'resourceChanged'] as const),
    ),
    offset: fc.constantFrom(0, 0, 0, -1, 1),
    epochs: fc.nat(11),
    status: fc.constantFrom(...statuses),
    timer: fc.constantFrom(...timers),
    flag: fc.boolean(),
    jitter: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  })
  .map(({ kind, offset, epochs: done, status, timer, flag, jitter }) => (attempt: number, at: number) => {
    const progress = epochs(done);
    const speaksOfAttempt = !['checkpointVerified', 'stopRequested', 'resourceChanged', 'uploadSettled'].includes(kind);
    const changes = {
      at,
      ...(speaksOfAttempt && { attempt: Math.max(0, attempt + offset) }),
      timer,
      status,
      jitter,
      progress: kind === 'exited' && flag ? undefined : progress,
      isPermanent: flag,
      isAvailable: flag,
      verified: { resume: done > 0, progress, checkpointDir: '/c', setAside: undefined, notes: [] },
    };
    return event(kind, changes as never) as SupervisorEvent;
  });

const anyRun = fc.array(anyEvent, { maxLength: 60 });

/** Feeds events in a row and hands every step to `look`. */
function play(
  makers: readonly ((attempt: number, at: number) => SupervisorEvent)[],
  look: (before: State, event: SupervisorEvent, after: State, effects: readonly Effect[]) => void,
): State {
  // Half of the runs have a remote store.
  const upload = makers.length % 2 === 0 ? undefined : { completedMs: 60_000, stoppedMs: 1000 };
  let state = begin({ ...rules, upload }, facts({ attempt: 0 })).state;
  makers.forEach((make, index) => {
    const next = make(state.run.attempt, index * 1000);
    const step = reduce(state, next);
    look(state, next, step.state, step.effects);
    state = step.state;
  });
  return state;
}

describe('reduce, whatever comes', () => {
  it('never has two trainers: it spawns only when the last one is known to be gone', () => {
    fc.assert(
      fc.property(anyRun, (makers) => {
        play(makers, (before, _, after, effects) => {
          if (!effects.some(({ type }) => type === 'spawn')) return;
          expect(before.name).toBe('preparing');
          expect(after).toMatchObject({ name: 'starting', trainer: undefined });
        });
      }),
      { numRuns: 10_000 },
    );
  });

  it('never launches again after a stop request', () => {
    fc.assert(
      fc.property(anyRun, (makers) => {
        let isRequested = false;
        play(makers, (_, now, after, effects) => {
          if (isRequested) expect(effects.map(({ type }) => type)).not.toContain('spawn');
          if (isRequested) expect(effects.map(({ type }) => type)).not.toContain('prepare');
          if (now.type === 'stopRequested' && !['completed', 'gaveUp'].includes(after.name)) isRequested = true;
        });
      }),
      { numRuns: 10_000 },
    );
  });

  it('ends once: nothing follows a finish', () => {
    fc.assert(
      fc.property(anyRun, (makers) => {
        let finished = 0;
        play(makers, (_, __, ___, effects) => {
          if (finished > 0) expect(effects).toEqual([]);
          finished += effects.filter(({ type }) => type === 'finish').length;
        });
        expect(finished).toBeLessThanOrEqual(1);
      }),
      { numRuns: 10_000 },
    );
  });

  it('completes only with every epoch there', () => {
    fc.assert(
      fc.property(anyRun, (makers) => {
        const end = play(makers, () => undefined);
        if (end.name === 'completed') expect(end.run.progress.epochs).toBeGreaterThanOrEqual(rules.epochsTotal);
      }),
      { numRuns: 10_000 },
    );
  });

  it('never restarts more often without progress than the budget allows', () => {
    fc.assert(
      fc.property(anyRun, (makers) => {
        play(makers, (_, __, { run }) => {
          expect(run.spent.withoutProgress).toBeLessThanOrEqual(rules.maxRestartsWithoutProgress);
          expect(run.spent.restarts).toBeLessThanOrEqual(rules.maxRestarts);
        });
      }),
      { numRuns: 10_000 },
    );
  });

  it('is a function: the same event in the same state gives the same step', () => {
    fc.assert(
      fc.property(anyRun, (makers) => {
        play(makers, (before, now, after, effects) => {
          expect(reduce(before, now)).toEqual({ state: after, effects });
        });
      }),
      { numRuns: 10_000 },
    );
  });

  it('signals only a trainer that it has', () => {
    fc.assert(
      fc.property(anyRun, (makers) => {
        play(makers, (_, __, after, effects) => {
          if (!effects.some(({ type }) => type === 'signal')) return;
          expect(after).toMatchObject({ name: 'stopping', trainer });
        });
      }),
      { numRuns: 10_000 },
    );
  });
});
