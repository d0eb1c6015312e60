import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import { mean, mul, sigmoid, softplus, square, sub } from '@tensorflow/tfjs-core';
import { withGradient } from '../nn/ops/with-gradient.js';

/** How a discriminator's verdict is judged: cross-entropy, or least squares (Mao et al. 2017). */
export type AdversarialLossType = 'bce' | 'lsgan';

/** Mean loss of logits [N, 1] against one target for all of them, such as 0.9 for real and 0 for restored. */
export function adversarialLoss(logits: Tensor, target: number, type: AdversarialLossType): Scalar {
  return withGradient<Scalar>([logits], {
    forward: () => ({
      value: mean(type === 'bce' ? crossEntropy(logits, target) : square(sub(logits, target))),
      saved: [logits],
    }),
    backward: (dy, [x = logits]) => {
      const slope = type === 'bce' ? sub(sigmoid(x), target) : mul(sub(x, target), 2);
      return [mul(slope, mul(dy, 1 / logits.size))];
    },
  });
}

/** Cross-entropy of σ(x) against t is softplus(x) − t · x, which cannot overflow. */
function crossEntropy(logits: Tensor, target: number): Tensor {
  return sub(softplus(logits), mul(logits, target));
}
