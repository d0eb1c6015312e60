import { describe, expect, test } from 'vitest';
import { drawFaults, planFaults } from '../../src/chaos/schedule.js';

const options = { seed: 7, faults: ['sigkill', 'hang', 'torn-checkpoint'], meanTimeBetweenMs: 20_000 } as const;

describe('a schedule of faults', () => {
  test('is the same for the same seed, and another for another', () => {
    const plan = planFaults({ ...options, lengthMs: 600_000 });
    expect(planFaults({ ...options, lengthMs: 600_000 })).toEqual(plan);
    expect(planFaults({ ...options, seed: 8, lengthMs: 600_000 })).not.toEqual(plan);
    expect(plan.slice(0, 2).map(({ atMs, fault }) => [Math.round(atMs), fault])).toEqual(pinned);
  });

  test('of a shorter run is the beginning of that of a longer one', () => {
    const long = planFaults({ ...options, lengthMs: 600_000 });
    const short = planFaults({ ...options, lengthMs: 200_000 });
    expect(short.length).toBeGreaterThan(0);
    expect(long.slice(0, short.length)).toEqual(short);
  });

  test('has exponentially distributed gaps of the mean that is asked for', () => {
    const gaps = takeGaps(20_000);
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
    expect(mean / options.meanTimeBetweenMs).toBeCloseTo(1, 1);
    // Of an exponential distribution 1/e is longer than the mean.
    const longer = gaps.filter((gap) => gap > options.meanTimeBetweenMs).length / gaps.length;
    expect(longer).toBeCloseTo(Math.exp(-1), 1);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(0);
  });

  test('tries every fault once before any comes again', () => {
    const drawn = drawFaults(options);
    for (let round = 0; round < 50; round++) {
      const names = options.faults.map(() => drawn.next().value.fault);
      expect([...names].sort()).toEqual([...options.faults].sort());
    }
  });
});

/** The schedule must not change from one version to the next. */
const pinned = [
  [3427, 'sigkill'],
  [54_393, 'hang'],
];

function takeGaps(count: number): number[] {
  const drawn = drawFaults(options);
  let last = 0;
  return Array.from({ length: count }, () => {
    const { atMs } = drawn.next().value;
    const gap = atMs - last;
    last = atMs;
    return gap;
  });
}
