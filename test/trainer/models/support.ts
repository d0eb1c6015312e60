import type { Scalar, Tensor2D, Tensor4D, Variable } from '@tensorflow/tfjs-core';
import { tensor, tensor4d, tidy } from '@tensorflow/tfjs-core';
import { type Experiment, experimentSchema } from '../../../src/config/schema.js';
import { differentiateDiscriminator } from '../../../src/trainer/models/discriminator-loss.js';
import { differentiateGenerator, type Restoration } from '../../../src/trainer/models/generator-loss.js';
import {
  createCrnn,
  createDiscriminator,
  createGanStep,
  createGenerator,
  type GanBatch,
  type GanParts,
} from '../../../src/trainer/models/index.js';
import { createAdam, createSgd, type Pass } from '../../../src/trainer/nn/index.js';
import type { Gradients } from '../../../src/trainer/nn/optimizers/optimizer.js';
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
export function buildGan(config: Experiment = smallExperiment(), imageSize = size) {
  const generator = createGenerator(config.model.generator, imageSize);
  const discriminator = createDiscriminator(config.model.discriminator, { ...imageSize, characters: 10 });
  const reader = createCrnn({ height: imageSize.height, classes: 11, seed: imageSize.seed });
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
export function batchOf(stepIndex = 0, changes: Partial<GanBatch> = {}, imageSize = size): GanBatch {
  return {
    degraded: image('degraded', stepIndex, imageSize),
    clean: image('clean', stepIndex, imageSize),
    labels: [Int32Array.of(3, 1, 4), Int32Array.of(1, 5)],
    stepIndex,
    weights: { pixel: 200, adv: 1.5, recFeat: 5, ctc: 1, perceptual: 0, contrastive: 0 },
    lrG: 0.002,
    lrD: 0.002,
    ...changes,
  };
}

function image(label: string, stepIndex: number, { height, width }: typeof size): Tensor4D {
  const values = randomValues(2 * height * width, label, stepIndex).map((value) => (value + 1) / 2);
  return tensor4d(values, [2, height, width, 1]);
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

/**
 * Slope of a loss along a direction of a module's weights: by its gradients, and by two more values. The direction is random,
 * but leans towards the gradient, so that the slope is large beside what rounding and the rectifiers' kinks do.
 */
export function slopes(variables: ReadonlyMap<string, Variable>, lossAt: () => LossAndGradients, distance = 1e-4) {
  const start = snapshot(variables);
  const { gradient } = lossAt();
  const gradients = new Map([...start.keys()].map((path) => [path, gradient(path)]));
  const largest = Math.max(...[...gradients.values()].map((values) => Math.max(...values.map(Math.abs))));
  const directions = new Map(
    [...gradients].map(([path, slope]) => [
      path,
      randomValues(slope.length, path).map((value, i) => 0.3 * value + (4 * (slope[i] as number)) / largest),
    ]),
  );
  const lossMovedBy = (by: number) => {
    for (const [path, variable] of variables) {
      const direction = directions.get(path) as Float32Array;
      const moved = (start.get(path) as Float32Array).map((value, i) => value + by * (direction[i] as number));
      tidy(() => variable.assign(tensor(moved, variable.shape) as Variable));
    }
    return lossAt().loss;
  };
  const [above, below] = [lossMovedBy(distance), lossMovedBy(-distance)];
  const analytic = [...directions].reduce((sum, [path, direction]) => {
    const slope = gradients.get(path) as Float32Array;
    return sum + direction.reduce((total, value, i) => total + value * (slope[i] as number), 0);
  }, 0);
  return { analytic, numeric: (above - below) / (2 * distance) };
}

/** Loss of the generator on a batch, and its gradients by path. */
export function generatorLoss(parts: GanParts, batch: GanBatch, pass: Pass): LossAndGradients {
  return readLoss(differentiateGenerator(parts, batch, pass));
}

/** Loss of the discriminator on a batch and what was restored of it, and its gradients by path. */
export function discriminatorLoss(
  parts: GanParts,
  batch: GanBatch,
  pass: Pass,
  { restored, text }: Restoration,
): LossAndGradients {
  return readLoss(differentiateDiscriminator(parts, batch, pass, restored, text as Tensor2D));
}

/** A loss, and its gradient by path. */
export interface LossAndGradients {
  readonly loss: number;
  readonly gradient: (path: string) => Float32Array;
}

/** A loss and its gradients as numbers. */
export function readLoss({
  loss,
  gradients,
}: {
  readonly loss: Scalar;
  readonly gradients: Gradients;
}): LossAndGradients {
  return {
    loss: loss.dataSync()[0] as number,
    gradient: (path) => gradients.get(path)?.dataSync() as Float32Array,
  };
}
