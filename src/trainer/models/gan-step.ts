import type { Scalar, Tensor4D } from '@tensorflow/tfjs-core';
import { dispose } from '@tensorflow/tfjs-core';
import type { Experiment } from '../../config/schema.js';
import type { StepProgram } from '../capture/index.js';
import { runEagerly } from '../capture/index.js';
import type { Pass } from '../nn/module.js';
import { clipScale, globalNorm } from '../nn/optimizers/clip.js';
import type { Gradients, Optimizer } from '../nn/optimizers/optimizer.js';
import type { Discriminator } from './discriminator.js';
import { differentiateDiscriminator } from './discriminator-loss.js';
import type { Generator } from './generator.js';
import type { Restoration } from './generator-loss.js';
import { differentiateGenerator } from './generator-loss.js';
import type { FrozenRecognizer } from './recognizer.js';
import { textLength } from './text.js';

/** The networks and optimizers that a step works on, and the experiment's settings. */
export interface GanParts {
  readonly generator: Generator;
  readonly discriminator: Discriminator;
  readonly recognizer: FrozenRecognizer;
  readonly optimizerG: Optimizer;
  readonly optimizerD: Optimizer;
  readonly config: Experiment;
}

/** Weights of the generator's loss terms in one step; a term of weight 0 is not computed. */
export interface LossWeights {
  readonly pixel: number;
  readonly adv: number;
  readonly recFeat: number;
  readonly ctc: number;
}

/** One batch and what the schedule says about it. Images are [N, height, width, 1], float32 in [0, 1]. */
export interface GanBatch {
  readonly degraded: Tensor4D;
  readonly clean: Tensor4D;
  /** Character indices of each line. */
  readonly labels: readonly Int32Array[];
  /** Steps done in the whole run. */
  readonly stepIndex: number;
  readonly weights: LossWeights;
  readonly lrG: number;
  readonly lrD: number;
}

/**
 * Figures of one step: `g_loss` (weighted) and `grad_norm` (before clipping) always; `pixel_loss`, `adv_loss`,
 * `rec_feat_loss`, `ctc_loss` (without weight), `d_loss` and `d_grad_norm` where they were computed.
 */
export type GanMetrics = Readonly<Record<string, number>>;

/** Makes the training step as {@link describeGanStep} describes it, run operation by operation. */
export function createGanStep(parts: GanParts): (batch: GanBatch) => Promise<GanMetrics> {
  return runEagerly(describeGanStep(parts)).run;
}

/**
 * Describes the training step. Both networks are differentiated on the same restored images and updated together, the
 * generator with the recognizer and the discriminator frozen; gradients are clipped by each network's global norm. With an
 * adversarial weight of 0 the discriminator rests.
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
    const pass = passOf(batch, config.seed);
    const forG = differentiateGenerator(parts, batch, pass);
    const { restored, text, terms } = forG.extra;
    const forD = text === undefined ? undefined : differentiateDiscriminator(parts, batch, pass, restored, text);
    const normG = update(optimizerG, forG.gradients, () => batch.lrG);
    const normD = forD && update(optimizerD, forD.gradients, () => batch.lrD);
    dispose([...forG.gradients.values(), ...(forD?.gradients.values() ?? []), restored]);
    text?.dispose();
    return {
      ...{ g_loss: forG.loss, grad_norm: normG },
      ...named(terms),
      ...(forD && normD && { d_loss: forD.loss, d_grad_norm: normD }),
    };
  };
  return { compute, structureOf };
}

/** Which terms are computed, and the sizes of a batch: all that decides which operations a step is made of. */
function structureOf({ degraded, labels, weights }: GanBatch): string {
  const terms = Object.entries(weights).flatMap(([name, weight]) => (weight > 0 ? [name] : []));
  return JSON.stringify([degraded.shape, textLength(labels), ...terms]);
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

function named(terms: Restoration['terms']): Record<string, Scalar> {
  const names = { pixel: 'pixel_loss', adv: 'adv_loss', recFeat: 'rec_feat_loss', ctc: 'ctc_loss' } as const;
  return Object.fromEntries(Object.entries(terms).map(([term, value]) => [names[term as keyof typeof names], value]));
}
