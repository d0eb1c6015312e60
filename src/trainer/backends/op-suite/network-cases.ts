import type { Tensor, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import { tensor2d } from '@tensorflow/tfjs-core';
import { experimentSchema } from '../../../config/schema.js';
import { createCrnn } from '../../models/crnn.js';
import { createDiscriminator } from '../../models/discriminator.js';
import { createGenerator } from '../../models/generator.js';
import type { Module, Pass } from '../../nn/module.js';
import { type OpCase, randomVariable } from './op-case.js';

const size = { height: 16, width: 16, seed: 5 };
const pass: Pass = { training: true, seed: 5, step: 2 };

const { model } = experimentSchema.parse({
  experiment_name: 'op-suite',
  epochs: 1,
  model: {
    generator: { filters: 3, depth: 2 },
    discriminator: { filters: 3, num_layers: 2, embedding_size: 3, lstm_units: 4, mode: 'ground_truth' },
  },
});

/** Whole networks, small, by their input and all of their weights. */
export const networkCases: readonly OpCase[] = [
  network('U-Net generator', [2, 16, 16, 1], () => {
    const generator = createGenerator(model.generator, size);
    return { module: generator, run: (x) => generator.apply(x as Tensor4D, pass) };
  }),
  network('discriminator', [2, 16, 16, 1], () => {
    const discriminator = createDiscriminator(model.discriminator, { ...size, characters: 10 });
    const text = () => tensor2d([1, 2, 3, 4, 5, 0], [2, 3], 'int32') as Tensor2D;
    return { module: discriminator, run: (x) => discriminator.apply(x as Tensor4D, text(), pass) };
  }),
  network('CRNN recognizer', [2, 16, 16, 1], () => {
    const recognizer = createCrnn({ height: 16, classes: 6, seed: 5 });
    return { module: recognizer, run: (x) => recognizer.logits(recognizer.features(x as Tensor4D, pass)) };
  }),
];

interface Network {
  readonly module: Module;
  readonly run: (x: Tensor) => Tensor;
}

function network(name: string, shape: readonly number[], make: () => Network): OpCase {
  return {
    name: `${name} (network)`,
    kind: 'network',
    build: () => {
      const input = randomVariable(shape, [name, 'input'], 0, 1);
      const { module, run } = make();
      return {
        parameters: [input, ...module.trainable.values()],
        run: () => run(input),
        dispose: () => {
          for (const variable of [input, ...module.variables.values()]) variable.dispose();
        },
      };
    },
  };
}
