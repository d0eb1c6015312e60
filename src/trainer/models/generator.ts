import type { Tensor4D } from '@tensorflow/tfjs-core';
import type { Experiment } from '../../config/schema.js';
import type { Module, Pass } from '../nn/module.js';
import { createEnhancedUnet } from './enhanced-unet.js';
import { createEnhancedUnetV2 } from './enhanced-unet-v2.js';
import { createUnet } from './unet.js';

/** Restores degraded lines. */
export interface Generator extends Module {
  /** Images [N, height, width, 1], float32 in [0, 1], to restored images of the same kind. */
  readonly apply: (degraded: Tensor4D, pass: Pass) => Tensor4D;
}

/** Size of the images that a model is for, in pixels, and the seed of its initial weights. */
export interface ModelSize {
  readonly height: number;
  readonly width: number;
  readonly seed: number;
}

/**
 * Makes the generator that the configuration names.
 * @throws CONFIG_INVALID for an image size that it cannot halve often enough
 */
export function createGenerator(config: Experiment['model']['generator'], size: ModelSize): Generator {
  return architectures[config.architecture](config, size);
}

const architectures = { base: createUnet, enhanced: createEnhancedUnet, enhanced_v2: createEnhancedUnetV2 };
