import type { Scalar, Tensor2D, Tensor3D, Tensor4D } from '@tensorflow/tfjs-core';
import { add, keep, mul } from '@tensorflow/tfjs-core';
import { adversarialLoss, contrastiveLoss, ctcLoss, meanAbsoluteError, meanSquaredError } from '../losses/index.js';
import type { Differentiated } from '../nn/gradients.js';
import { differentiate, scoped } from '../nn/gradients.js';
import type { Pass } from '../nn/module.js';
import { stepScalar } from '../nn/step-input.js';
import type { GanBatch, GanParts, LossWeights } from './gan-parts.js';
import { decodeText, textLength, toTextTensor } from './text.js';

/** What the generator's forward pass leaves for the rest of the step; all kept. */
export interface Restoration {
  readonly restored: Tensor4D;
  /** The text beside the restored images; undefined when the adversarial term is off. */
  readonly text: Tensor2D | undefined;
  /** The loss terms that were computed, without their weights. */
  readonly terms: Partial<Record<keyof LossWeights, Scalar>>;
}

/** Target of restored images when the generator is judged; smoothing is one-sided, on the discriminator's real pairs only. */
const genuine = 1;

/** Restores the batch and differentiates the weighted sum of the loss terms with respect to the generator. */
export function differentiateGenerator(parts: GanParts, batch: GanBatch, pass: Pass): Differentiated<Restoration> {
  return scoped(() => {
    const { recFeat, contrastive } = batch.weights;
    const cleanFeatures = recFeat > 0 || contrastive > 0 ? parts.recognizer.features(batch.clean) : undefined;
    return differentiate(parts.generator, () => {
      const restored = keep(parts.generator.apply(batch.degraded, pass));
      const { text, terms } = judge(parts, batch, pass, restored, cleanFeatures);
      for (const tensor of [text, ...Object.values(terms)]) if (tensor !== undefined) keep(tensor);
      return { loss: weightedSum(terms, batch), extra: { restored, text, terms } };
    });
  });
}

type Judgement = Omit<Restoration, 'restored'>;

function judge(parts: GanParts, batch: GanBatch, pass: Pass, restored: Tensor4D, cleanFeatures?: Tensor4D): Judgement {
  const { weights } = batch;
  const { loss_config, model } = parts.config;
  const terms: Partial<Record<keyof LossWeights, Scalar>> = imageTerms(parts, batch, restored);
  const readsText = weights.adv > 0 && model.discriminator.mode === 'predicted';
  const { features, logits } = read(parts, restored, cleanFeatures !== undefined, weights.ctc > 0 || readsText);
  if (features !== undefined && cleanFeatures !== undefined) {
    if (weights.recFeat > 0) terms.recFeat = meanSquaredError(features, cleanFeatures);
    if (weights.contrastive > 0)
      terms.contrastive = contrastiveLoss(features, cleanFeatures, loss_config.contrastive_temperature);
  }
  if (logits !== undefined && weights.ctc > 0)
    terms.ctc = ctcLoss(logits, () => batch.labels, loss_config.ctc_loss_clip_max, textLength(batch));
  if (weights.adv === 0) return { text: undefined, terms };
  const length = textLength(batch);
  const text =
    readsText && logits !== undefined ? decodeText(logits, length) : toTextTensor(() => batch.labels, length);
  const verdict = parts.discriminator.apply(restored, text, pass);
  terms.adv = adversarialLoss(verdict, genuine, loss_config.discriminator_loss_type);
  return { text, terms };
}

/** The terms that look at nothing but the pixels. */
function imageTerms(
  { config, perceptual }: GanParts,
  { weights, clean }: GanBatch,
  restored: Tensor4D,
): Pick<Restoration['terms'], 'pixel' | 'perceptual'> {
  const distance = config.loss_config.pixel_loss_type === 'mse' ? meanSquaredError : meanAbsoluteError;
  return {
    ...(weights.pixel > 0 && { pixel: distance(restored, clean) }),
    ...(weights.perceptual > 0 && perceptual !== undefined && { perceptual: perceptual.loss(restored, clean) }),
  };
}

interface Reading {
  readonly features: Tensor4D | undefined;
  readonly logits: Tensor3D | undefined;
}

function read({ recognizer }: GanParts, images: Tensor4D, wantsFeatures: boolean, wantsLogits: boolean): Reading {
  if (!wantsFeatures && !wantsLogits) return { features: undefined, logits: undefined };
  const features = recognizer.features(images);
  return { features, logits: wantsLogits ? recognizer.logits(features) : undefined };
}

function weightedSum(terms: Restoration['terms'], batch: GanBatch): Scalar {
  const weightOf = (name: string) => stepScalar(() => batch.weights[name as keyof LossWeights]);
  const parts = Object.entries(terms).map(([name, term]) => mul<Scalar>(term, weightOf(name)));
  return parts.reduce((sum, part) => add(sum, part));
}
