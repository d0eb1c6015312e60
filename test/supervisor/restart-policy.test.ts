import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backoffDelay, decideRestart } from '../../src/supervisor/restart-policy.js';
import type { Failure } from '../../src/supervisor/state.js';
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
    expect(decideRestart(rules, run, failure('preempted'), 0.9)).toEqual({
      kind: 'relaunch',
      delayMs: 0,
      isCounted: false,
    });
  });

  it('counts a step inside an epoch as an advance of a preempted trainer', () => {
    const run = facts({ progress: epochs(2, { partialStep: 7 }), launchedFrom: epochs(2) });
    expect(decideRestart(rules, run, failure('preempted'), 0.9)).toMatchObject({ isCounted: false });
  });

  it('backs off from the second preemption in a row without any advance', () => {
    expect(decideRestart(rules, spent(0), failure('preempted'), 0.9)).toMatchObject({ delayMs: 0, isCounted: true });
    expect(decideRestart(rules, spent(1), failure('preempted'), 0.5)).toMatchObject({ delayMs: 1000, isCounted: true });
  });

  it.each(['usage', 'config'] as const)('never retries %s', (name) => {
    expect(decideRestart(rules, facts({ hasWorked: true }), failure(name), 0)).toMatchObject({
      kind: 'giveUp',
      reason: 'permanent-failure',
    });
  });

  it.each(['permission', 'missing-file', 'code', 'command'] as const)('retries %s only after work was done', (name) => {
    expect(decideRestart(rules, facts(), failure(name), 0).kind).toBe('giveUp');
    expect(decideRestart(rules, facts({ hasWorked: true }), failure(name), 0).kind).toBe('relaunch');
  });

  it('says which budget is used up', () => {
    expect(decideRestart(rules, spent(3), failure('crash'), 0)).toMatchObject({
      reason: 'no-progress',
      explanation: expect.stringContaining('restart.max_restarts_without_progress'),
    });
    expect(
      decideRestart(rules, facts({ spent: { restarts: 5, withoutProgress: 0 } }), failure('crash'), 0),
    ).toMatchObject({ reason: 'too-many-restarts', explanation: expect.stringContaining('restart.max_restarts') });
  });
});
