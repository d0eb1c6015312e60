import type { Tensor4D } from '@tensorflow/tfjs-core';
import { inference } from '../nn/module.js';
import type { Generator } from './networks.js';

/** Restores images [N, height, width, 1] with the generator's running statistics; the caller frees the result. */
export function restore(generator: Generator, degraded: Tensor4D): Tensor4D {
  return generator.apply(degraded, inference);
}
