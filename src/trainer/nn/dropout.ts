import type { Tensor } from '@tensorflow/tfjs-core';
import { mul } from '@tensorflow/tfjs-core';
import { createRandom } from '../random/random.js';
import type { Pass } from './module.js';
import { stepArray } from './step-input.js';

/**
 * Drops values with probability `rate` in training and scales the others by 1 / (1 − rate). The mask depends on the seed, the
 * step and the layer's path only, so that a resumed run drops what the uninterrupted one drops, and a micro-batch what the
 * whole batch would have dropped of its lines.
 */
export function dropout(path: string, rate: number): <T extends Tensor>(x: T, pass: Pass) => T {
  return <T extends Tensor>(x: T, pass: Pass): T => {
    if (!pass.training || rate === 0) return x;
    const { shape } = x;
    const mask = stepArray('float32', () => ({ shape, values: drawPart(shape, rate, path, pass) }));
    return mul(x, mask) as T;
  };
}

/** A batch may hold its lines several times over, such as clean ones and then restored ones: each time this part of them. */
function drawPart(shape: readonly number[], rate: number, path: string, pass: Pass): Float32Array {
  const [rows = 1, ...rest] = shape;
  const rowSize = rest.reduce((size, length) => size * length, 1);
  const { first, count, of } = pass.lines ?? { first: 0, count: rows, of: rows };
  const mask = drawMask((rows / count) * of * rowSize, rate, path, pass);
  if (count === of) return mask;
  const part = new Float32Array(rows * rowSize);
  for (let round = 0; round * count < rows; round++) {
    const start = (round * of + first) * rowSize;
    part.set(mask.subarray(start, start + count * rowSize), round * count * rowSize);
  }
  return part;
}

function drawMask(size: number, rate: number, path: string, { seed, step }: Pass): Float32Array {
  const random = createRandom(seed, 'dropout', path, step);
  const keep = 1 / (1 - rate);
  return Float32Array.from({ length: size }, () => (random.uniform() < rate ? 0 : keep));
}
