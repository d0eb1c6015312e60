import type { Scalar } from '@tensorflow/tfjs-core';
import { dispose } from '@tensorflow/tfjs-core';
import type { StepProgram } from '../capture/index.js';
import { runEagerly } from '../capture/index.js';
import type { Pass } from '../nn/module.js';
import { clipScale, globalNorm } from '../nn/optimizers/clip.js';
import type { Gradients, Optimizer } from '../nn/optimizers/optimizer.js';
import { differentiateDiscriminator } from './discriminator-loss.js';
import type { GanBatch, GanParts, LossWeights } from './gan-parts.js';
import { differentiateGenerator } from './generator-loss.js';
import { createMean, type MicroBatch, microBatches } from './micro-batches.js';
import { textLength } from './text.js';

/**
 * Figures of one step: `g_loss` (weighted) and `grad_norm` (before clipping) always; the names in {@link termNames} (without
 * weight), `d_loss`, `gradient_penalty` (without weight) and `d_grad_norm` where they were computed.
 */
export type GanMetrics = Readonly<Record<string, number>>;

/** What the terms of the generator's loss are called in the metrics. */
export const termNames: Readonly<Record<keyof LossWeights, string>> = {
  pixel: 'pixel_loss',
  adv: 'adv_loss',
  recFeat: 'rec_feat_loss',
  ctc: 'ctc_loss',
  perceptual: 'perceptual_loss',
  contrastive: 'contrastive_loss',
};

/** Makes the training step as {@link describeGanStep} describes it, run operation by operation. */
export function createGanStep(parts: GanParts): (batch: GanBatch) => Promise<GanMetrics> {
  return runEagerly(describeGanStep(parts)).run;
}

/**
 * Describes the training step. Both networks are differentiated on the same restored images and updated together, the
 * generator with the recognizer and the discriminator frozen; gradients are averaged over `training.accumulate` parts of the
 * batch and clipped by each network's global norm. With an adversarial weight of 0 the discriminator rests.
 */
export function describeGanStep(parts: GanParts): StepProgram<GanBatch> {
  const { optimizerG, optimizerD, config } = parts;
  const limit = config.optimizer.gradient_clip_norm;
  const update = (optimizer: Optimizer, gradients: Gradients, readRate: () => number): Scalar => {
    const norm = globalNorm(gradients);
    const scale = clipScale(norm, limit);
    optimizer.apply(gradients, readRate, scale);
    scale?.dispose();
    return norm;
  };
  const compute = (batch: GanBatch) => {
    const { accumulate } = config.training;
    const [meanG, meanD, meanFigures] = [
      createMean(accumulate),
      createMean(accumulate),
      createMean<Scalar>(accumulate),
    ];
    for (const part of microBatches(batch, accumulate, passOf(batch, config.seed))) {
      const { forG, forD, figures } = differentiateBoth(parts, part);
      meanG.take(forG);
      meanD.take(forD);
      meanFigures.take(figures);
    }
    const [forG, forD, figures] = [meanG.values(), meanD.values(), Object.fromEntries(meanFigures.values())];
    const normG = update(optimizerG, forG, () => batch.lrG);
    const normD = forD.size === 0 ? undefined : update(optimizerD, forD, () => batch.lrD);
    dispose([...forG.values(), ...forD.values()]);
    return { ...figures, grad_norm: normG, ...(normD && { d_grad_norm: normD }) };
  };
  return { compute, structureOf };
}

/** Which terms are computed, and the sizes of a batch: all that decides which operations a step is made of. */
function structureOf(batch: GanBatch): string {
  const { degraded, weights } = batch;
  const terms = Object.entries(weights).flatMap(([name, weight]) => (weight > 0 ? [name] : []));
  return JSON.stringify([degraded.shape, textLength(batch), ...terms]);
}

/** The pass of a training step; it follows the batch when the step is recorded and replayed. */
function passOf(batch: GanBatch, seed: number): Pass {
  return {
    training: true,
    seed,
    get step() {
      return batch.stepIndex;
    },
  };
}

/** Gradients by variable path, those of the discriminator none when it rests, and scalar figures by name. */
interface BothGradients {
  readonly forG: Gradients;
  readonly forD: Gradients;
  readonly figures: ReadonlyMap<string, Scalar>;
}

function differentiateBoth(parts: GanParts, { batch, pass }: MicroBatch): BothGradients {
  const { loss, gradients: forG, extra } = differentiateGenerator(parts, batch, pass);
  const { restored, text, terms } = extra;
  const figures = new Map<string, Scalar>([['g_loss', loss]]);
  for (const [term, value] of Object.entries(terms)) figures.set(termNames[term as keyof LossWeights], value);
  if (text === undefined) {
    restored.dispose();
    return { forG, forD: new Map(), figures };
  }
  const judged = differentiateDiscriminator(parts, batch, pass, restored, text);
  for (const [name, value] of Object.entries({ d_loss: judged.loss, ...judged.extra })) figures.set(name, value);
  dispose([restored, text]);
  if (judged.extra.d_loss !== undefined) judged.loss.dispose();
  return { forG, forD: judged.gradients, figures };
}
