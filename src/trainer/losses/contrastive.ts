import type { Scalar, Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import {
  div,
  eye,
  logSoftmax,
  matMul,
  maximum,
  mean,
  mul,
  neg,
  reshape,
  softmax,
  sqrt,
  square,
  sub,
  sum,
} from '@tensorflow/tfjs-core';
import { withGradient } from '../nn/ops/with-gradient.js';

/**
 * Contrastive loss (InfoNCE, van den Oord et al. 2018) of features [N, …]: the cross-entropy of telling, by cosine similarity ÷
 * temperature, which of the batch's clean lines each restored one belongs to. Only `restored` has a gradient; a batch of one
 * line has nothing to tell apart and gives 0.
 */
export function contrastiveLoss(restored: Tensor, clean: Tensor, temperature: number): Scalar {
  const lines = restored.shape[0] as number;
  return withGradient<Scalar>([restored], {
    forward: () => {
      const [own, others] = [unitRows(restored), unitRows(clean)];
      const likeness = div<Tensor2D>(matMul(own.rows, others.rows, false, true), temperature);
      const value = neg(mean(sum(mul(logSoftmax(likeness), eye(lines)), 1))) as Scalar;
      const toOthers = mul(sub(softmax(likeness), eye(lines)), 1 / (lines * temperature));
      const slope = matMul(toOthers as Tensor2D, others.rows);
      // Along the row itself nothing changes, since its length does not count.
      const along = sum(mul(slope, own.rows), 1, true);
      return { value, saved: [div(sub(slope, mul(own.rows, along)), own.lengths)] };
    },
    backward: (dy, [slope]) => [reshape(mul(slope as Tensor, dy), restored.shape)],
  });
}

function unitRows(features: Tensor): { rows: Tensor2D; lengths: Tensor } {
  const flat = reshape(features, [features.shape[0] as number, -1]) as Tensor2D;
  const lengths = maximum(sqrt(sum(square(flat), 1, true)), 1e-12);
  return { rows: div(flat, lengths), lengths };
}
