import type { Scalar, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import { add, concat, keep, mul, slice } from '@tensorflow/tfjs-core';
import { adversarialLoss } from '../losses/index.js';
import type { Differentiated } from '../nn/gradients.js';
import { differentiate, scoped } from '../nn/gradients.js';
import type { Pass } from '../nn/module.js';
import type { GanBatch, GanParts } from './gan-parts.js';
import { gradientPenalty } from './gradient-penalty.js';
import { textLength, toTextTensor } from './text.js';

/** With a gradient penalty: it, and the loss without it, neither weighted; all kept. */
export interface Judging {
  readonly d_loss?: Scalar;
  readonly gradient_penalty?: Scalar;
}

/**
 * Differentiates the discriminator's loss on real (clean, label) and restored (restored, text) pairs, read as one batch, and
 * its gradient penalty when that has a weight.
 */
export function differentiateDiscriminator(
  { discriminator, config }: GanParts,
  batch: GanBatch,
  pass: Pass,
  restored: Tensor4D,
  text: Tensor2D,
): Differentiated<Judging> {
  const { real_label, discriminator_loss_type, gradient_penalty_weight } = config.loss_config;
  return scoped(() => {
    const { clean } = batch;
    const labelText = toTextTensor(() => batch.labels, textLength(batch));
    const images = concat([clean, restored], 0);
    const texts = concat([labelText, text], 0);
    const lines = clean.shape[0];
    const penalize =
      gradient_penalty_weight > 0
        ? gradientPenalty(discriminator, { clean, restored, text: labelText }, pass)
        : undefined;
    return differentiate(discriminator, (): { loss: Scalar; extra: Judging } => {
      const verdicts = discriminator.apply(images, texts, pass);
      const real = adversarialLoss(slice(verdicts, [0, 0], [lines, 1]), real_label, discriminator_loss_type);
      const fake = adversarialLoss(slice(verdicts, [lines, 0], [lines, 1]), 0, discriminator_loss_type);
      const loss = add<Scalar>(real, fake);
      if (penalize === undefined) return { loss, extra: {} };
      const penalty = penalize();
      const extra = { d_loss: keep(loss), gradient_penalty: keep(penalty) };
      return { loss: add<Scalar>(loss, mul(penalty, gradient_penalty_weight)), extra };
    });
  });
}
