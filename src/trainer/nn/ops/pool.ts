import type { Tensor } from '@tensorflow/tfjs-core';
import { div, max, mean, mul, neg, ones, step, sub, sum } from '@tensorflow/tfjs-core';
import { withGradient } from './with-gradient.js';

/** Largest value along axes, which keep the length 1. Equal ones share the gradient, as in TensorFlow. */
export function maxAlong<T extends Tensor>(x: T, axes: number[]): T {
  return withGradient<T>([x], {
    forward: () => {
      const value = max<T>(x, axes, true);
      return { value, saved: [x, value] };
    },
    backward: (dy, [input = x, largest = dy]) => {
      // Not `equal`: on wasm it repeats along leading axes only.
      const isLargest = sub(1, step(neg(sub(input, largest))));
      return [mul(isLargest, div(dy, sum(isLargest, axes, true)))];
    },
  });
}

/** Mean along axes, which keep the length 1. */
export function meanAlong<T extends Tensor>(x: T, axes: number[]): T {
  const count = axes.reduce((product, axis) => product * (x.shape.at(axis) as number), 1);
  return withGradient<T>([x], {
    forward: () => ({ value: mean<T>(x, axes, true) }),
    backward: (dy) => [mul(ones(x.shape), mul(dy, 1 / count))],
  });
}
