import { createRandom } from '../random/random.js';

/**
 * The order in which an epoch (from 1) reads a set of `size` lines: a permutation that depends on nothing but the arguments,
 * so that a resume at any step reads what the uninterrupted run would have read. A `count` beyond `size` appends further
 * permutations; `count` is `stepsPerEpoch · batchSize` for a training epoch.
 */
export function epochOrder(size: number, seed: number, epoch: number, count: number = size): Uint32Array {
  const order = new Uint32Array(count);
  for (let start = 0, round = 0; start < count; start += size, round++) {
    const permutation = createRandom(seed, 'order', epoch, round).shuffle(
      Uint32Array.from({ length: size }, (_, index) => index),
    );
    order.set(permutation.subarray(0, count - start), start);
  }
  return order;
}

/**
 * The lines of step `step` (from 0) of an epoch.
 * @throws RangeError when the order is too short for that step
 */
export function batchIndices(order: Uint32Array, step: number, batchSize: number): Uint32Array {
  const end = (step + 1) * batchSize;
  if (end > order.length)
    throw new RangeError(`step ${step} of ${batchSize} lines needs ${end}, the order has ${order.length}`);
  return order.subarray(step * batchSize, end);
}

/** Steps that read a set once; the last batch is filled up from the next permutation. */
export function stepsToReadOnce(size: number, batchSize: number): number {
  return Math.ceil(size / batchSize);
}
