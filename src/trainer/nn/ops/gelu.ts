import type { Tensor } from '@tensorflow/tfjs-core';
import { add, erf, exp, mul, square } from '@tensorflow/tfjs-core';
import { withGradient } from './with-gradient.js';

/** Gaussian error linear unit (Hendrycks and Gimpel 2016), exact, as Keras computes it: x · Φ(x). */
export function gelu<T extends Tensor>(x: T): T {
  return withGradient<T>([x], {
    forward: () => ({ value: mul<T>(x, shareBelow(x)), saved: [x] }),
    backward: (dy, [input = x]) => {
      const density = mul(exp(mul(square(input), -0.5)), 1 / Math.sqrt(2 * Math.PI));
      return [mul(dy, add(shareBelow(input), mul(input, density)))];
    },
  });
}

/** Φ(x): the share of a normal distribution below x. */
function shareBelow(x: Tensor): Tensor {
  return mul(add(erf(mul(x, Math.SQRT1_2)), 1), 0.5);
}
