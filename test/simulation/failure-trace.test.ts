import { describe, expect, test } from 'vitest';
import { type Machines, traceFailures } from '../../src/simulation/failure-trace.js';
import { meanSecsBetweenFailures, publishedClusters } from '../../src/simulation/index.js';
import { createQueue } from '../../src/simulation/queue.js';
import { createRandom, drawLifetime } from '../../src/simulation/random.js';

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe('drawLifetime', () => {
  test.each([0.5, 0.75, 1, 2])('has the mean that was asked for, with shape %d', (shape) => {
    const random = createRandom(7);
    const drawn = Array.from({ length: 40_000 }, () => drawLifetime({ meanSecs: 100, shape }, random));
    expect(mean(drawn)).toBeGreaterThan(96);
    expect(mean(drawn)).toBeLessThan(104);
  });

  test('has the median of the Weibull distribution: scale · (ln 2)^(1/shape), with scale = mean / Γ(1 + 1/shape)', () => {
    const random = createRandom(7);
    const drawn = Array.from({ length: 20_001 }, () => drawLifetime({ meanSecs: 2, shape: 0.5 }, random));
    // Γ(3) = 2.
    expect(drawn.sort((left, right) => left - right)[10_000]).toBeCloseTo(Math.log(2) ** 2, 1);
  });
});

describe('traceFailures', () => {
  const machines = (changes: Partial<Machines>): Machines => ({
    count: 64,
    lifetime: { meanSecs: 6400, shape: 1 },
    hangShare: 0.2,
    lostShare: 0.3,
    ...changes,
  });
  const take = (given: Machines, count: number, seed = 3) => {
    const faults = traceFailures(given, createRandom(seed));
    return Array.from({ length: count }, () => faults.next().value);
  };

  test.each([1, 0.75, 1.5])(
    '64 machines fail 64 times as often as one, in the order of time, with shape %d',
    (shape) => {
      const faults = take(machines({ lifetime: { meanSecs: 6400, shape } }), 20_000);
      expect(faults.every(({ at }, index) => index === 0 || at >= (faults[index - 1]?.at ?? 0))).toBe(true);
      expect((faults.at(-1)?.at ?? 0) / faults.length).toBeGreaterThan(95);
      expect((faults.at(-1)?.at ?? 0) / faults.length).toBeLessThan(105);
    },
  );

  test('a shape below one brings failures of one machine in bursts', () => {
    const early = (shape: number) => {
      const faults = take(machines({ count: 1, lifetime: { meanSecs: 100, shape } }), 10_000);
      return faults.filter(({ at }, index) => at - (faults[index - 1]?.at ?? 0) < 10).length;
    };
    expect(early(0.6)).toBeGreaterThan(1.5 * early(1));
  });

  test('mixes kinds by their shares, and is the same for the same seed', () => {
    const faults = take(machines({}), 20_000);
    const share = (kind: string) => faults.filter((fault) => fault.kind === kind).length / faults.length;
    expect(share('hang')).toBeCloseTo(0.2, 1);
    expect(share('machine-lost')).toBeCloseTo(0.3, 1);
    expect(take(machines({}), 100)).toEqual(faults.slice(0, 100));
    expect(take(machines({}), 100, 4)).not.toEqual(faults.slice(0, 100));
  });

  test('16,384 GPUs of Llama 3 fail every three hours; RSC-1 would every 1.8', () => {
    const hours = (name: 'llama3' | 'rsc-1') => meanSecsBetweenFailures(publishedClusters[name]) / 2048 / 3600;
    expect(hours('llama3')).toBeCloseTo((54 * 24) / 419, 6);
    expect(hours('rsc-1')).toBeCloseTo(1.8, 1);
  });
});

describe('createQueue', () => {
  test('gives what comes first, and of the same time what was added first', () => {
    const queue = createQueue<number>();
    const random = createRandom(1);
    const times = Array.from({ length: 500 }, () => Math.floor(random() * 50));
    times.forEach((at, index) => {
      queue.add(at, index);
    });
    const sorted = times
      .map((at, item) => ({ at, item }))
      .sort((left, right) => left.at - right.at || left.item - right.item);
    for (const { at, item } of sorted) expect(queue.next()).toMatchObject({ at, item });
    expect(queue.next()).toBeUndefined();
  });
});
