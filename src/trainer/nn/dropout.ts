import type { Tensor } from '@tensorflow/tfjs-core';
import { mul, tensor } from '@tensorflow/tfjs-core';
import { createRandom } from '../random/random.js';
import type { Pass } from './module.js';

/**
 * Drops values with probability `rate` in training and scales the others by 1 / (1 − rate). The mask depends on the seed, the
 * step and the layer's path only, so that a resumed run drops what the uninterrupted one drops.
 */
export function dropout(path: string, rate: number): <T extends Tensor>(x: T, pass: Pass) => T {
  return <T extends Tensor>(x: T, { training, seed, step }: Pass): T => {
    if (!training || rate === 0) return x;
    const random = createRandom(seed, 'dropout', path, step);
    const keep = 1 / (1 - rate);
    const mask = Float32Array.from({ length: x.size }, () => (random.uniform() < rate ? 0 : keep));
    return mul(x, tensor(mask, x.shape)) as T;
  };
}
