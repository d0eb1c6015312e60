import { describe, expect, test } from 'vitest';
import { createRandom, restoreRandom } from '../../../src/trainer/random/random.js';
import { fc } from '../../fast-check.js';

const take = (count: number, next: () => number) => Array.from({ length: count }, next);

describe('random streams', () => {
  test('continue bit for bit from a saved state, whatever was drawn before', () => {
    fc.assert(
      fc.property(fc.integer(), fc.array(fc.constantFrom('uniform', 'normal', 'integer')), (seed, draws) => {
        const random = createRandom(seed, 'stream');
        for (const kind of draws) kind === 'integer' ? random.integer(0, 9) : random[kind]();
        const copy = restoreRandom(JSON.parse(JSON.stringify(random.getState())));
        expect(take(5, () => copy.normal())).toEqual(take(5, () => random.normal()));
        expect(copy.shuffle([1, 2, 3, 4, 5])).toEqual(random.shuffle([1, 2, 3, 4, 5]));
        expect(copy.getState()).toEqual(random.getState());
      }),
    );
  });

  test('differ for every label and seed', () => {
    const streams = [[1], [2], [1, 'a'], [1, 'b'], [1, 'a', 1], [1, 'a', 2], [1, 'a1']] as const;
    const first = streams.map(([seed, ...labels]) => createRandom(seed, ...labels).uniform());
    expect(new Set(first).size).toBe(streams.length);
  });

  test('stay the same for ever: resumed runs depend on it', () => {
    // The values come from another implementation: SHA-256 of '[42,"order",1]' as state of xoroshiro128+ (24, 16, 37).
    const random = createRandom(42, 'order', 1);
    expect(take(3, () => random.integer(0, 999))).toEqual([684, 779, 862]);
    expect(random.uniform()).toBe(0.29661025446520406);
    expect(random.normal()).toBeCloseTo(-1.4741675546419377, 12);
  });

  test('uniform numbers fill their range evenly', () => {
    const random = createRandom(7, 'uniform');
    const counts = new Array(10).fill(0);
    for (let i = 0; i < 10_000; i++) counts[Math.floor(random.uniform(20, 30)) - 20]++;
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });

  test('normal numbers have the mean and deviation asked for', () => {
    const random = createRandom(7, 'normal');
    const values = take(20_000, () => random.normal(5, 2));
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    expect(mean).toBeCloseTo(5, 1);
    expect(Math.sqrt(variance)).toBeCloseTo(2, 1);
  });

  test('a shuffle is a permutation, also of typed arrays', () => {
    const shuffled = createRandom(1, 'shuffle').shuffle(Uint32Array.from({ length: 100 }, (_, i) => i));
    expect([...shuffled]).not.toEqual([...shuffled].sort((a, b) => a - b));
    expect([...shuffled].sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
  });
});
