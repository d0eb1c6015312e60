import type { Tensor4D } from '@tensorflow/tfjs-core';
import type { Experiment } from '../../config/schema.js';
import { SuperviseError } from '../../protocol/index.js';
import type { Module, Pass } from '../nn/module.js';
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
 * @throws CONFIG_INVALID for an architecture that does not exist (yet), or an image size that it cannot halve often enough
 */
export function createGenerator(config: Experiment['model']['generator'], size: ModelSize): Generator {
  if (config.architecture !== 'base') throw unknownArchitecture('generator', config.architecture, ['base']);
  return createUnet(config, size);
}

/** The error for an architecture that the configuration names and this version does not have. */
export function unknownArchitecture(model: string, architecture: string, known: readonly string[]): SuperviseError {
  return new SuperviseError('CONFIG_INVALID', {
    what: `the ${model} architecture "${architecture}" is not in this version`,
    where: `model.${model}.architecture`,
    expected: known.map((name) => `"${name}"`).join(' or '),
    hint: `set model.${model}.architecture to "${known[0]}"`,
  });
}
