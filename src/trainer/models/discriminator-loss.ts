import type { Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import { add, concat, slice } from '@tensorflow/tfjs-core';
import { adversarialLoss } from '../losses/index.js';
import type { Differentiated } from '../nn/gradients.js';
import { differentiate, scoped } from '../nn/gradients.js';
import type { Pass } from '../nn/module.js';
import type { GanBatch, GanParts } from './gan-step.js';
import { textLength, toTextTensor } from './text.js';

/** Differentiates the discriminator's loss on real (clean, label) and restored (restored, text) pairs, read as one batch. */
export function differentiateDiscriminator(
  { discriminator, config }: GanParts,
  batch: GanBatch,
  pass: Pass,
  restored: Tensor4D,
  text: Tensor2D,
): Differentiated<undefined> {
  const { real_label, discriminator_loss_type } = config.loss_config;
  return scoped(() => {
    const { clean, labels } = batch;
    const images = concat([clean, restored], 0);
    const texts = concat([toTextTensor(() => batch.labels, textLength(labels)), text], 0);
    const lines = clean.shape[0];
    return differentiate(discriminator, () => {
      const verdicts = discriminator.apply(images, texts, pass);
      const real = adversarialLoss(slice(verdicts, [0, 0], [lines, 1]), real_label, discriminator_loss_type);
      const fake = adversarialLoss(slice(verdicts, [lines, 0], [lines, 1]), 0, discriminator_loss_type);
      return { loss: add(real, fake), extra: undefined };
    });
  });
}
