import { tensor4d } from '@tensorflow/tfjs-core';
import { openBundle, valueSuffix } from '../../checkpoint/index.js';
import type { Experiment } from '../../config/schema.js';
import { type SelectedBackend, selectBackend } from '../backends/select-backend.js';
import { readByObjectPath } from '../loop/python-checkpoint.js';
import { restoreVariables } from '../loop/restore-training.js';
import { createGenerator, type Generator, restore } from '../models/index.js';

/** A trained generator, ready to restore. */
export interface Restorer {
  /** Pixels of the images that it was trained on. */
  readonly width: number;
  readonly height: number;
  readonly generator: Generator;
  readonly backend: SelectedBackend;
  /** Restores `count` images of height × width, one after the other in `pixels`: float32, 0 ink to 1 paper. */
  readonly restoreBatch: (pixels: Float32Array, count: number) => Promise<Float32Array>;
  readonly dispose: () => void;
}

export interface RestorerOptions {
  readonly config: Experiment;
  /** The checkpoint, as its path without `.index`. */
  readonly checkpoint: string;
  readonly backend?: Experiment['training']['backend'];
}

/**
 * Starts a backend, builds the generator that the configuration names, and gives it the weights of a checkpoint, written by us
 * or by Python.
 * @throws BACKEND_UNAVAILABLE, CONFIG_INVALID, CHECKPOINT_CORRUPT, CHECKPOINT_MISMATCH
 */
export async function openRestorer({ config, checkpoint, backend: wanted }: RestorerOptions): Promise<Restorer> {
  const backend = await selectBackend(wanted ?? config.training.backend);
  const { image_width: width, image_height: height } = config.data;
  const generator = createGenerator(config.model.generator, { width, height, seed: config.seed });
  const bundle = openBundle(checkpoint);
  try {
    const isNamedByUs = [...generator.variables.keys()].every((name) => bundle.has(`${name}${valueSuffix}`));
    restoreVariables(isNamedByUs ? bundle : readByObjectPath(bundle), generator.variables);
  } finally {
    bundle.close();
  }
  return {
    width,
    height,
    generator,
    backend,
    restoreBatch: async (pixels, count) => {
      const degraded = tensor4d(pixels, [count, height, width, 1]);
      const restored = restore(generator, degraded);
      const values = await restored.data<'float32'>();
      // The backend may hand out a view of its own memory, which the next batch overwrites.
      const copy = values.slice();
      degraded.dispose();
      restored.dispose();
      return copy;
    },
    dispose: () => {
      for (const variable of generator.variables.values()) variable.dispose();
      backend.dispose();
    },
  };
}
