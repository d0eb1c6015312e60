import { describe, expect, test } from 'vitest';
import { autoIntervalSecs, isSaveDue, parseSavePolicy } from '../../../src/trainer/loop/save-policy.js';
import { fc } from '../../fast-check.js';

describe('parseSavePolicy', () => {
  test.each([
    ['epoch', { kind: 'epoch' }],
    ['Auto', { kind: 'auto' }],
    ['30s', { kind: 'secs', secs: 30 }],
    ['1.5 min', { kind: 'secs', secs: 90 }],
    ['250ms', { kind: 'secs', secs: 0.25 }],
    ['2h', { kind: 'secs', secs: 7200 }],
    ['200 steps', { kind: 'steps', steps: 200 }],
    ['1 step', { kind: 'steps', steps: 1 }],
    ['0s', undefined],
    ['1.5 steps', undefined],
    ['often', undefined],
    ['', undefined],
  ])('%j', (text, policy) => {
    expect(parseSavePolicy(text)).toEqual(policy);
  });
});

describe('autoIntervalSecs', () => {
  test('is the interval of Young and Daly', () => {
    expect(autoIntervalSecs({ stallSecs: 2, durationSecs: 2, mtbfSecs: 3600 })).toBe(200);
    expect(autoIntervalSecs({ stallSecs: 0.5, durationSecs: 1, mtbfSecs: 10_000 })).toBe(100);
  });

  test('is shorter where failures are frequent, but never a burden', () => {
    const costs = { stallSecs: 0.01, durationSecs: 0.1 };
    expect(autoIntervalSecs({ ...costs, mtbfSecs: 60 })).toBeCloseTo(Math.sqrt(2 * 0.01 * 60), 6);
    expect(autoIntervalSecs({ stallSecs: 0.0001, durationSecs: 0.1, mtbfSecs: 60 })).toBe(0.25);
    expect(autoIntervalSecs({ stallSecs: 1, durationSecs: 30, mtbfSecs: 60 })).toBe(30);
    expect(autoIntervalSecs({ stallSecs: 1, durationSecs: 30, mtbfSecs: 6000 })).toBe(300);
  });

  test('costs least of all intervals, as counted by brute force', () => {
    const costs = { stallSecs: 3, durationSecs: 3, mtbfSecs: 7200 };
    // Expected loss of a second of training: the saves, and half an interval at every failure.
    const loss = (secs: number) => costs.stallSecs / secs + secs / 2 / costs.mtbfSecs;
    const best = Array.from({ length: 3000 }, (_, index) => index + 1).reduce((a, b) => (loss(b) < loss(a) ? b : a));
    expect(Math.abs(best - Math.sqrt(2 * 3 * 7200))).toBeLessThan(1);
    expect(autoIntervalSecs(costs)).toBeGreaterThanOrEqual(best - 1);
  });

  test('keeps the stall below one percent where failures are rare, whatever the figures', () => {
    const secs = fc.double({ min: 1e-4, max: 1e4, noNaN: true });
    const rare = fc.double({ min: 3600, max: 1e7, noNaN: true });
    fc.assert(
      fc.property(secs, secs, rare, (stallSecs, durationSecs, mtbfSecs) => {
        const interval = autoIntervalSecs({ stallSecs, durationSecs, mtbfSecs });
        expect(stallSecs / interval).toBeLessThanOrEqual(0.01 + 1e-9);
      }),
    );
  });
});

describe('isSaveDue', () => {
  const costs = { stallSecs: 0.01, durationSecs: 0.1, mtbfSecs: 60 };
  test('goes by steps, by time, or never', () => {
    expect(isSaveDue({ kind: 'steps', steps: 5 }, 0, 5, costs)).toBe(true);
    expect(isSaveDue({ kind: 'steps', steps: 5 }, 99, 4, costs)).toBe(false);
    expect(isSaveDue({ kind: 'secs', secs: 5 }, 5, 0, costs)).toBe(true);
    expect(isSaveDue({ kind: 'auto' }, 1, 0, costs)).toBe(false);
    expect(isSaveDue({ kind: 'auto' }, 1.1, 0, costs)).toBe(true);
    expect(isSaveDue({ kind: 'epoch' }, 1e9, 1e9, costs)).toBe(false);
  });
});
