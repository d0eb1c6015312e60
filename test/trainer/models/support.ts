import type { Tensor4D, Variable } from '@tensorflow/tfjs-core';
import { tensor4d } from '@tensorflow/tfjs-core';
import { type Experiment, experimentSchema } from '../../../src/config/schema.js';
import {
  createCrnn,
  createDiscriminator,
  createGanStep,
  createGenerator,
  type GanBatch,
} from '../../../src/trainer/models/index.js';
import { createAdam, createSgd } from '../../../src/trainer/nn/index.js';
import { randomValues } from '../numeric.js';

export const size = { height: 16, width: 16, seed: 5 };

/** A resolved experiment with small networks. */
export function smallExperiment(changes: Record<string, unknown> = {}): Experiment {
  return experimentSchema.parse({
    experiment_name: 'test',
    epochs: 1,
    seed: 5,
    model: {
      generator: { filters: 4, depth: 2 },
      discriminator: { filters: 4, num_layers: 2, embedding_size: 3, lstm_units: 5, mode: 'ground_truth' },
    },
    ...changes,
  });
}

/** Small networks, their optimizers and the step that trains them. */
export function buildGan(config: Experiment = smallExperiment()) {
  const generator = createGenerator(config.model.generator, size);
  const discriminator = createDiscriminator(config.model.discriminator, { ...size, characters: 10 });
  const reader = createCrnn({ height: size.height, classes: 11, seed: size.seed });
  const recognizer = reader.freeze();
  const optimizerG = createAdam('optimizer_g', generator, config.optimizer);
  const optimizerD = createSgd('optimizer_d', discriminator, { momentum: config.optimizer.momentum_d });
  const parts = { generator, discriminator, recognizer, optimizerG, optimizerD, config };
  const state = new Map([
    ...generator.variables,
    ...discriminator.variables,
    ...optimizerG.slots(),
    ...optimizerD.slots(),
  ]);
  return { parts, reader, state, step: createGanStep(parts) };
}

/** The same two lines with every call, for step `stepIndex`. */
export function batchOf(stepIndex = 0, changes: Partial<GanBatch> = {}): GanBatch {
  return {
    degraded: image('degraded', stepIndex),
    clean: image('clean', stepIndex),
    labels: [Int32Array.of(3, 1, 4), Int32Array.of(1, 5)],
    stepIndex,
    weights: { pixel: 200, adv: 1.5, recFeat: 5, ctc: 1, perceptual: 0, contrastive: 0 },
    lrG: 0.002,
    lrD: 0.002,
    ...changes,
  };
}

function image(label: string, stepIndex: number): Tensor4D {
  const values = randomValues(2 * size.height * size.width, label, stepIndex).map((value) => (value + 1) / 2);
  return tensor4d(values, [2, size.height, size.width, 1]);
}

/** Copies of the values of variables. */
export function snapshot(variables: ReadonlyMap<string, Variable>): Map<string, Float32Array> {
  return new Map([...variables].map(([path, variable]) => [path, Float32Array.from(variable.dataSync())]));
}

/** Paths whose values are not the same bits in both. */
export function changedPaths(before: Map<string, Float32Array>, after: Map<string, Float32Array>): string[] {
  const bytes = (values: Float32Array | undefined) => Buffer.from(values?.buffer ?? new ArrayBuffer(0));
  return [...before].filter(([path, values]) => !bytes(values).equals(bytes(after.get(path)))).map(([path]) => path);
}
