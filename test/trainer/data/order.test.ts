import { describe, expect, test } from 'vitest';
import { batchIndices, epochOrder, stepsToReadOnce } from '../../../src/trainer/data/order.js';
import { fc } from '../../fast-check.js';

const sorted = (indices: Iterable<number>) => [...indices].sort((a, b) => a - b);
const range = (size: number) => Array.from({ length: size }, (_, index) => index);

describe('the order of an epoch', () => {
  test('is a permutation, and batch after batch gives it back', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), fc.integer(), fc.nat(100), (size, seed, epoch) => {
        const order = epochOrder(size, seed, epoch);
        expect(sorted(order)).toEqual(range(size));
        expect(range(size).flatMap((step) => [...batchIndices(order, step, 1)])).toEqual([...order]);
      }),
      { numRuns: 30 },
    );
  });

  test('needs nothing but seed and epoch, and differs with both', () => {
    expect(epochOrder(50, 1, 3)).toEqual(epochOrder(50, 1, 3));
    expect(epochOrder(50, 1, 3)).not.toEqual(epochOrder(50, 1, 4));
    expect(epochOrder(50, 1, 3)).not.toEqual(epochOrder(50, 2, 3));
  });

  test('a longer epoch goes on with further permutations, each of them whole', () => {
    const order = epochOrder(10, 42, 1, 25);
    expect(order.length).toBe(25);
    expect(order.slice(0, 10)).toEqual(epochOrder(10, 42, 1));
    expect(sorted(order.slice(10, 20))).toEqual(range(10));
    expect(order.slice(10, 20)).not.toEqual(order.slice(0, 10));
    expect(new Set(order.slice(20)).size).toBe(5);
  });

  test('a shorter epoch reads the beginning of the permutation', () => {
    expect(epochOrder(100, 42, 1, 8)).toEqual(epochOrder(100, 42, 1).slice(0, 8));
  });

  test('a step beyond the order is refused', () => {
    expect(() => batchIndices(epochOrder(10, 1, 1), 2, 4)).toThrow(RangeError);
    expect(batchIndices(epochOrder(10, 1, 1, stepsToReadOnce(10, 4) * 4), 2, 4).length).toBe(4);
  });
});
