import type { Tensor4D } from '@tensorflow/tfjs-core';
import { avgPool, image, mul } from '@tensorflow/tfjs-core';
import { withGradient } from './with-gradient.js';

/**
 * Halves height and width by averaging 2 × 2 pixels; NHWC, height and width even. Its gradient is ours because the stock one
 * is a scalar loop on wasm.
 */
export function halve(x: Tensor4D): Tensor4D {
  return withGradient([x], {
    forward: () => ({ value: mean2x2(x) }),
    backward: (dy) => [mul(repeat2x2(dy), 0.25)],
  });
}

/**
 * Doubles height and width by repeating pixels; NHWC. Its gradient is ours because the stock one is wrong on the plain JS
 * backend for more than one image.
 */
export function double(x: Tensor4D): Tensor4D {
  return withGradient([x], {
    forward: () => ({ value: repeat2x2(x) }),
    backward: (dy) => [mul(mean2x2(dy), 4)],
  });
}

function mean2x2(x: Tensor4D): Tensor4D {
  return avgPool(x, 2, 2, 'valid');
}

function repeat2x2(x: Tensor4D): Tensor4D {
  return image.resizeNearestNeighbor(x, [x.shape[1] * 2, x.shape[2] * 2]);
}
