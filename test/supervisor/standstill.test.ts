import { describe, expect, it } from 'vitest';
import type { Effect } from '../../src/supervisor/effect.js';
import { reduce } from '../../src/supervisor/reduce.js';
import type { State } from '../../src/supervisor/state.js';
import { event, state } from './support.js';

const thresholdMs = 1000;
const beat = (step: number) => ({ attempt: 1, pid: 1, phase: 'train', epoch: 1, step, steps_per_epoch: 9 }) as const;
const trained = {
  hasHeartbeats: true,
  heartbeat: beat(2),
  heartbeatAt: 0,
  signAt: 0,
  silencesMs: { train: [100, 100, 100] },
} as const;

const delayOf = (effects: readonly Effect[]) =>
  effects.flatMap((effect) => (effect.type === 'armTimer' && effect.timer === 'hang' ? [effect.delayMs] : []))[0] ?? 0;

/** Lets the timer fire, from a heartbeat at 100 on, until the trainer is suspected; nothing runs from `from` to `to`. */
function suspectedAt(from: number, to: number, until: number): { at: number | undefined; state: State } {
  let step = reduce(state('running', { run: trained }), event('heartbeat', { at: 100, heartbeat: beat(3) }));
  for (let now = 100; ; ) {
    const due = now + delayOf(step.effects);
    now = due >= from && due < to ? to : due;
    if (now > until) return { at: undefined, state: step.state };
    step = reduce(step.state, event('timerFired', { at: now, timer: 'hang', lateMs: now - due }));
    if (step.effects.some(({ type }) => type === 'inspect')) return { at: now, state: step.state };
  }
}

const lengths = [0.5, 0.9, 1, 1.2, 1.4, 1.5, 2, 10, 10_000].map((share) => share * thresholdMs);
const moments = [100, 101, 150, 224, 226, 400, 600];

describe('a standstill of supervisor and trainer together', () => {
  it.each(lengths)('of %d ms is no silence, whenever it begins', (lengthMs) => {
    for (const from of moments) {
      const to = from + lengthMs;
      const { at, state: after } = suspectedAt(from, to, to + 200);
      expect(at, `from ${from}`).toBeUndefined();
      const next = reduce(after, event('heartbeat', { at: to + 200, heartbeat: beat(4) })).state;
      expect(next.run.silencesMs.train?.at(-1), `from ${from}`).toBeLessThan(thresholdMs);
    }
  });

  it.each(lengths)('of %d ms does not hide a hang that follows', (lengthMs) => {
    for (const from of moments) {
      const to = from + lengthMs;
      const { at } = suspectedAt(from, to, to + 1.5 * thresholdMs);
      expect(at, `from ${from}`).toBeGreaterThan(to);
    }
  });

  it('is not looked for in no time: what rounding leaves of a threshold is a millisecond', () => {
    const at = 100 + thresholdMs - 1e-10;
    const begun = reduce(state('running', { run: trained }), event('heartbeat', { at: 100, heartbeat: beat(3) })).state;
    const { effects } = reduce(begun, event('timerFired', { at, timer: 'hang', lateMs: 0 }));
    expect(delayOf(effects)).toBe(1);
  });

  it('that never was leaves the threshold as it is', () => {
    expect(suspectedAt(0, 0, 5000).at).toBe(100 + thresholdMs);
  });
});
