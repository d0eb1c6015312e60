import type { Scalar, Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import { dispose, stack } from '@tensorflow/tfjs-core';
import type { Experiment } from '../../config/schema.js';
import type { Optimizer } from '../nn/optimizers/optimizer.js';
import { clipScale, globalNorm } from '../nn/optimizers/optimizer.js';
import type { Discriminator } from './discriminator.js';
import { differentiateDiscriminator } from './discriminator-loss.js';
import type { Generator } from './generator.js';
import type { Restoration } from './generator-loss.js';
import { differentiateGenerator } from './generator-loss.js';
import type { FrozenRecognizer } from './recognizer.js';

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

/**
 * Makes the training step. Both networks are differentiated on the same restored images and updated together, the generator
 * with the recognizer and the discriminator frozen; gradients are clipped by each network's global norm. With an adversarial
 * weight of 0 the discriminator rests.
 */
export function createGanStep(parts: GanParts): (batch: GanBatch) => Promise<GanMetrics> {
  const { optimizerG, optimizerD, config } = parts;
  const limit = config.optimizer.gradient_clip_norm;
  return async (batch) => {
    const pass = { training: true, seed: config.seed, step: batch.stepIndex };
    const forG = differentiateGenerator(parts, batch, pass);
    const { restored, text, terms } = forG.extra;
    const forD = text === undefined ? undefined : differentiateDiscriminator(parts, batch, pass, restored, text);
    const normG = globalNorm(forG.gradients);
    const normD = forD && globalNorm(forD.gradients);
    const figures = {
      ...{ g_loss: forG.loss, grad_norm: normG },
      ...named(terms),
      ...(forD && normD && { d_loss: forD.loss, d_grad_norm: normD }),
    };
    const metrics = await readScalars(figures);
    optimizerG.apply(forG.gradients, batch.lrG, clipScale(metrics['grad_norm'] ?? 0, limit));
    if (forD) optimizerD.apply(forD.gradients, batch.lrD, clipScale(metrics['d_grad_norm'] ?? 0, limit));
    dispose([...forG.gradients.values(), ...(forD?.gradients.values() ?? []), ...Object.values(figures), restored]);
    text?.dispose();
    return metrics;
  };
}

function named(terms: Restoration['terms']): Record<string, Scalar> {
  const names = { pixel: 'pixel_loss', adv: 'adv_loss', recFeat: 'rec_feat_loss', ctc: 'ctc_loss' } as const;
  return Object.fromEntries(Object.entries(terms).map(([term, value]) => [names[term as keyof typeof names], value]));
}

/** Reads many scalars in one transfer. */
async function readScalars(figures: Readonly<Record<string, Tensor>>): Promise<Record<string, number>> {
  const all = stack(Object.values(figures));
  const values = await all.data();
  all.dispose();
  return Object.fromEntries(Object.keys(figures).map((name, index) => [name, values[index] as number]));
}
