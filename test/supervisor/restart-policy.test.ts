import { describe, expect, it } from 'vitest';
import { noteRepetition } from '../../src/supervisor/repeated-failure.js';
import { backoffDelay, decideRestart } from '../../src/supervisor/restart-policy.js';
import type { Failure } from '../../src/supervisor/state.js';
import { fc } from '../fast-check.js';
import { epochs, facts, rules } from './support.js';

const failure = (name: Failure['class']): Failure => ({ class: name, summary: name, evidence: [] });
const spent = (withoutProgress: number) => facts({ spent: { restarts: withoutProgress, withoutProgress } });

describe('backoffDelay', () => {
  it.each([
    [0, 1000],
    [1, 2000],
    [5, 32_000],
    [6, 60_000],
    [1000, 60_000],
  ])('after %i restarts without progress the ceiling is %i ms', (count, ceiling) => {
    expect(backoffDelay(rules, spent(count), 1)).toBe(ceiling);
    expect(backoffDelay(rules, spent(count), 0)).toBe(0);
  });

  it('lies between zero and the ceiling', () => {
    fc.assert(
      fc.property(fc.nat(2000), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (count, jitter) => {
        const delay = backoffDelay(rules, spent(count), jitter);
        expect(delay).toBeGreaterThanOrEqual(0);
        expect(delay).toBeLessThanOrEqual(rules.maxDelayMs);
      }),
    );
  });
});

describe('decideRestart', () => {
  it('relaunches a preempted trainer that advanced at once, uncounted', () => {
    const run = facts({ progress: epochs(3), launchedFrom: epochs(2), spent: { restarts: 5, withoutProgress: 3 } });
    expect(decideRestart(rules, run, failure('preempted'), { jitter: 0.9, at: 0 })).toEqual({
      kind: 'relaunch',
      delayMs: 0,
      isCounted: false,
      stepBack: false,
    });
  });

  it('counts a step inside an epoch as an advance of a preempted trainer', () => {
    const run = facts({ progress: epochs(2, { partialStep: 7 }), launchedFrom: epochs(2) });
    expect(decideRestart(rules, run, failure('preempted'), { jitter: 0.9, at: 0 })).toMatchObject({ isCounted: false });
  });

  it('backs off from the second preemption in a row without any advance', () => {
    expect(decideRestart(rules, spent(0), failure('preempted'), { jitter: 0.9, at: 0 })).toMatchObject({
      delayMs: 0,
      isCounted: true,
    });
    expect(decideRestart(rules, spent(1), failure('preempted'), { jitter: 0.5, at: 0 })).toMatchObject({
      delayMs: 1000,
      isCounted: true,
    });
  });

  it.each(['usage', 'config'] as const)('never retries %s', (name) => {
    expect(decideRestart(rules, facts({ hasWorked: true }), failure(name), { jitter: 0, at: 0 })).toMatchObject({
      kind: 'giveUp',
      reason: 'permanent-failure',
    });
  });

  it.each(['permission', 'missing-file', 'code', 'command'] as const)('retries %s only after work was done', (name) => {
    expect(decideRestart(rules, facts(), failure(name), { jitter: 0, at: 0 }).kind).toBe('giveUp');
    expect(decideRestart(rules, facts({ hasWorked: true }), failure(name), { jitter: 0, at: 0 }).kind).toBe('relaunch');
  });

  it('says which budget is used up', () => {
    expect(decideRestart(rules, spent(3), failure('crash'), { jitter: 0, at: 0 })).toMatchObject({
      reason: 'no-progress',
      explanation: expect.stringContaining('restart.max_restarts_without_progress'),
    });
    expect(
      decideRestart(rules, facts({ spent: { restarts: 5, withoutProgress: 0 } }), failure('crash'), {
        jitter: 0,
        at: 0,
      }),
    ).toMatchObject({ reason: 'too-many-restarts', explanation: expect.stringContaining('restart.max_restarts') });
  });

  it('keeps a budget for any stretch of time, when it is configured', () => {
    const limited = { ...rules, window: { maxRestarts: 2, lengthMs: 1000 } };
    const run = facts({ restartedAt: [100, 900] });
    expect(decideRestart(limited, run, failure('crash'), { jitter: 0, at: 1000 })).toMatchObject({
      reason: 'too-many-restarts',
      explanation: expect.stringContaining('restart.max_restarts_per_window'),
    });
    expect(decideRestart(limited, run, failure('crash'), { jitter: 0, at: 1200 }).kind).toBe('relaunch');
  });

  const thrice = { class: 'crash', epochs: 5, step: 7, count: 3, hasSteppedBack: false } as const;

  it('goes back to an earlier checkpoint when the same failure came three times at one place', () => {
    const run = facts({ repeated: thrice, launchedFrom: epochs(5), progress: epochs(5) });
    expect(decideRestart(rules, run, failure('crash'), { jitter: 0, at: 0 })).toMatchObject({ stepBack: true });
    const first = facts({ repeated: { ...thrice, epochs: 1 }, launchedFrom: epochs(1), progress: epochs(1) });
    expect(decideRestart(rules, first, failure('crash'), { jitter: 0, at: 0 })).toMatchObject({ stepBack: false });
  });

  it('gives up when it comes three times more from there', () => {
    const run = facts({ repeated: { ...thrice, hasSteppedBack: true }, progress: epochs(5) });
    expect(decideRestart(rules, run, failure('crash'), { jitter: 0, at: 0 })).toMatchObject({
      reason: 'same-failure',
      explanation: expect.stringContaining('after epoch 5, step 7'),
    });
  });
});

describe('a divergence', () => {
  it('is rolled back at once, by a budget of its own', () => {
    const run = facts({ rollbacks: 2, spent: { restarts: 5, withoutProgress: 3 } });
    const decision = decideRestart(rules, run, failure('diverged'), { jitter: 0.9, at: 0 });
    expect(decision).toEqual({ kind: 'relaunch', delayMs: 0, isCounted: false, stepBack: false });
  });

  it('is given up when rollbacks do not help', () => {
    expect(decideRestart(rules, facts({ rollbacks: 3 }), failure('diverged'), { jitter: 0, at: 0 })).toMatchObject({
      reason: 'diverged',
      explanation: expect.stringContaining('rollback.max_rollbacks'),
    });
  });
});

describe('noteRepetition', () => {
  const at = (step: number, done = 5) =>
    facts({
      progress: epochs(done),
      heartbeat: { attempt: 1, pid: 1, phase: 'train', epoch: done + 1, step, steps_per_epoch: 100 },
    });
  const seen = { class: 'crash', epochs: 5, step: 50, count: 1, hasSteppedBack: false } as const;

  it('counts the same class at about the same step', () => {
    expect(noteRepetition({ ...at(52), repeated: seen }, failure('crash'))).toMatchObject({ count: 2, step: 52 });
  });

  it.each([
    ['another step', { ...at(60), repeated: seen }, 'crash'],
    ['another epoch', { ...at(50, 6), repeated: seen }, 'crash'],
    ['another class', { ...at(50), repeated: seen }, 'segfault'],
  ] as const)('begins anew at %s', (_, run, name) => {
    expect(noteRepetition(run, failure(name))?.count).toBe(1);
  });

  it('does not count what the training has no part in', () => {
    expect(noteRepetition({ ...at(50), repeated: seen }, failure('disk-full'))).toBeUndefined();
  });
});
