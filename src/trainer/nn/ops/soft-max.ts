import type { Tensor } from '@tensorflow/tfjs-core';
import { mul, softmax, sub, sum } from '@tensorflow/tfjs-core';
import { withGradient } from './with-gradient.js';

/** Softmax over the last axis. */
export function softMax<T extends Tensor>(x: T): T {
  return withGradient<T>([x], {
    forward: () => {
      const value = softmax(x);
      return { value, saved: [value] };
    },
    backward: (dy, [y = dy]) => [mul(y, sub(dy, sum(mul(dy, y), -1, true)))],
  });
}
