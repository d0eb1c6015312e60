import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import { clone } from '@tensorflow/tfjs-core';
import { shiftChannels, sumChannels } from './channels.js';
import { withGradient } from './with-gradient.js';

/** Adds a bias to each channel (the last axis). */
export function addBias<T extends Tensor>(x: T, bias: Tensor1D): T {
  return withGradient<T>([x, bias], {
    forward: () => ({ value: shiftChannels(x, bias) }),
    backward: (dy) => [clone(dy), sumChannels(dy)],
  });
}
