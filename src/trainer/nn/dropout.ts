import type { Tensor } from '@tensorflow/tfjs-core';
import { mul } from '@tensorflow/tfjs-core';
import { createRandom } from '../random/random.js';
import type { Pass } from './module.js';
import { stepArray } from './step-input.js';

/**
 * Drops values with probability `rate` in training and scales the others by 1 / (1 − rate). The mask depends on the seed, the
 * step and the layer's path only, so that a resumed run drops what the uninterrupted one drops.
 */
export function dropout(path: string, rate: number): <T extends Tensor>(x: T, pass: Pass) => T {
  return <T extends Tensor>(x: T, pass: Pass): T => {
    if (!pass.training || rate === 0) return x;
    const { shape, size } = x;
    const mask = stepArray('float32', () => ({ shape, values: drawMask(size, rate, path, pass) }));
    return mul(x, mask) as T;
  };
}

function drawMask(size: number, rate: number, path: string, { seed, step }: Pass): Float32Array {
  const random = createRandom(seed, 'dropout', path, step);
  const keep = 1 / (1 - rate);
  return Float32Array.from({ length: size }, () => (random.uniform() < rate ? 0 : keep));
}
