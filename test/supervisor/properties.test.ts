import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { Effect } from '../../src/supervisor/effect.js';
import type { SupervisorEvent, TimerName } from '../../src/supervisor/event.js';
import { begin, reduce } from '../../src/supervisor/reduce.js';
import type { State } from '../../src/supervisor/state.js';
import { fc } from '../fast-check.js';
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
  // Some are only to be ended.
  const intent =
    makers.length % 5 === 0 ? { reason: 'supervise stop', at: 0, isForced: makers.length > 30 } : undefined;
  let state = begin({ ...rules, upload }, facts({ attempt: 0 }), intent).state;
  makers.forEach((make, index) => {
    const next = make(state.run.attempt, index * 1000);
    const step = reduce(state, next);
    look(state, next, step.state, step.effects);
    state = step.state;
  });
  return state;
}

type Look = Parameters<typeof play>[1];

/** Each makes what watches one run: every step of it, and its end. A comparison is much cheaper than an `expect`, and there are millions. */
const invariants: Readonly<Record<string, () => { readonly step?: Look; readonly end?: (state: State) => void }>> = {
  'spawns only when the last trainer is known to be gone': () => ({
    step: (before, _, after, effects) => {
      if (!effects.some(({ type }) => type === 'spawn')) return;
      expect(before.name).toBe('preparing');
      expect(after).toMatchObject({ name: 'starting', trainer: undefined });
    },
  }),
  'never launches again after a stop request': () => {
    let isRequested = false;
    return {
      step: (before, now, after, effects) => {
        if (
          (isRequested || before.intent !== undefined) &&
          effects.some(({ type }) => type === 'spawn' || type === 'prepare')
        )
          expect.fail(`launches: ${JSON.stringify(effects)}`);
        if (now.type === 'stopRequested' && !['completed', 'gaveUp'].includes(after.name)) isRequested = true;
      },
    };
  },
  'ends once, and nothing follows a finish': () => {
    let finished = 0;
    return {
      step: (_, __, ___, effects) => {
        if (finished > 0 && effects.length > 0) expect(effects).toEqual([]);
        finished += effects.filter(({ type }) => type === 'finish').length;
      },
      end: () => expect(finished).toBeLessThanOrEqual(1),
    };
  },
  'completes only with every epoch there': () => ({
    end: ({ name, run }) => {
      if (name === 'completed') expect(run.progress.epochs).toBeGreaterThanOrEqual(rules.epochsTotal);
    },
  }),
  'never restarts more often without progress than the budget allows': () => ({
    step: (_, __, { run: { spent } }) => {
      if (spent.withoutProgress > rules.maxRestartsWithoutProgress || spent.restarts > rules.maxRestarts)
        expect.fail(`more restarts than allowed: ${JSON.stringify(spent)}`);
    },
  }),
  'is a function: the same event in the same state gives the same step': () => ({
    step: (before, now, after, effects) => {
      if (!isDeepStrictEqual(reduce(before, now), { state: after, effects }))
        expect(reduce(before, now)).toEqual({ state: after, effects });
    },
  }),
  'signals only a trainer that it has': () => ({
    step: (_, __, after, effects) => {
      if (effects.some(({ type }) => type === 'signal')) expect(after).toMatchObject({ name: 'stopping', trainer });
    },
  }),
};

describe('reduce, whatever comes', () => {
  it(`10,000 random sequences of events keep every invariant: ${Object.keys(invariants).join('; ')}`, () => {
    fc.assert(
      fc.property(anyRun, (makers) => {
        const watchers = Object.entries(invariants).map(([what, watch]) => ({ what, ...watch() }));
        const end = play(makers, (...step) => {
          for (const { what, step: look } of watchers) named(what, () => look?.(...step));
        });
        for (const { what, end: look } of watchers) named(what, () => look?.(end));
      }),
      { numRuns: 10_000 },
    );
  });
});

/** Says which invariant is broken. */
function named(what: string, look: () => void): void {
  try {
    look();
  } catch (error) {
    throw new Error(`not kept: ${what}`, { cause: error });
  }
}
