import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import { abs, mean, mul, sign, square, sub } from '@tensorflow/tfjs-core';
import { withGradient } from '../nn/ops/with-gradient.js';

/** Mean absolute difference; only `actual` has a gradient. */
export function meanAbsoluteError(actual: Tensor, expected: Tensor): Scalar {
  return withGradient<Scalar>([actual], {
    forward: () => {
      const difference = sub(actual, expected);
      return { value: mean(abs(difference)), saved: [difference] };
    },
    backward: (dy, [difference]) => [mul(sign(difference as Tensor), mul(dy, 1 / actual.size))],
  });
}

/** Mean squared difference; only `actual` has a gradient. */
export function meanSquaredError(actual: Tensor, expected: Tensor): Scalar {
  return withGradient<Scalar>([actual], {
    forward: () => {
      const difference = sub(actual, expected);
      return { value: mean(square(difference)), saved: [difference] };
    },
    backward: (dy, [difference]) => [mul(difference as Tensor, mul(dy, 2 / actual.size))],
  });
}
