import type { Tensor4D } from '@tensorflow/tfjs-core';
import type { Experiment } from '../../config/schema.js';
import type { PerceptualLoss } from '../losses/index.js';
import type { Optimizer } from '../nn/optimizers/optimizer.js';
import type { Discriminator, Generator } from './networks.js';
import type { FrozenRecognizer } from './recognizer.js';

/** The networks and optimizers that a step works on, and the experiment's settings. */
export interface GanParts {
  readonly generator: Generator;
  readonly discriminator: Discriminator;
  readonly recognizer: FrozenRecognizer;
  /** Needed for a perceptual weight above 0. */
  readonly perceptual?: PerceptualLoss | undefined;
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
  readonly perceptual: number;
  readonly contrastive: number;
}

/** One batch and what the schedule says about it. Images are [N, height, width, 1], float32 in [0, 1]. */
export interface GanBatch {
  readonly degraded: Tensor4D;
  readonly clean: Tensor4D;
  /** Character indices of each line. */
  readonly labels: readonly Int32Array[];
  /** Characters that the discriminator reads of each line. Default: what the labels need. */
  readonly textLength?: number;
  /** Steps done in the whole run. */
  readonly stepIndex: number;
  readonly weights: LossWeights;
  readonly lrG: number;
  readonly lrD: number;
}
