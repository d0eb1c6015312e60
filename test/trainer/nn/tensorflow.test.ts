import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Tensor, Tensor1D, Tensor2D, Tensor3D, Tensor4D } from '@tensorflow/tfjs-core';
import { conv2d, grads, matMul, reshape, tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, test } from 'vitest';
import { ctcLoss } from '../../../src/trainer/losses/index.js';
import { addBias } from '../../../src/trainer/nn/ops/add-bias.js';
import { lstmSequence } from '../../../src/trainer/nn/ops/lstm-sequence.js';
import { normalizeRectify } from '../../../src/trainer/nn/ops/normalize.js';
import { findTensorFlow, runOracle } from '../../oracle/tensorflow.js';
import { backends, expectClose, randomValues, sizeOf, useBackend } from '../numeric.js';

/** A layer here, and what `layers.py` is told about the same one there. */
interface Task {
  readonly layer: string;
  readonly shapes: Readonly<Record<string, number[]>>;
  readonly output: number[];
  readonly options?: object;
  readonly run: (inputs: Record<string, Tensor>) => Tensor;
}

const convolution = (size: number, stride: number, sides: [number, number], channels: [number, number]): Task => ({
  layer: 'convolution',
  shapes: {
    x: [3, ...sides, channels[0]],
    kernel: [size, size, ...channels],
    bias: [channels[1]],
  },
  output: [3, ...sides.map((side) => Math.ceil(side / stride)), channels[1]],
  options: { stride },
  run: ({ x, kernel, bias }) => addBias(conv2d(x as Tensor4D, kernel as Tensor4D, stride, 'same'), bias as Tensor1D),
});

const lstm = (backwards: boolean): Task => ({
  layer: 'lstm',
  shapes: { x: [3, 7, 5], kernel: [5, 24], recurrent: [6, 24], bias: [24] },
  output: [3, 7, 6],
  options: { backwards },
  run: ({ x, kernel, recurrent, bias }) => {
    const rows = addBias(matMul(reshape(x as Tensor, [21, 5]), kernel as Tensor2D), bias as Tensor1D);
    return lstmSequence(reshape(rows, [3, 7, 24]) as Tensor3D, recurrent as Tensor2D, backwards);
  },
});

const labels = [[0, 3, 3, 1], [], [2, 2, 2], [4, 0, 4, 0, 1]];
const tasks: Record<string, Task> = {
  'convolution 3 × 3': convolution(3, 1, [9, 11], [4, 5]),
  'convolution 3 × 3, stride 2, odd size': convolution(3, 2, [9, 11], [4, 5]),
  'convolution 4 × 4, stride 2': convolution(4, 2, [8, 10], [3, 6]),
  'convolution 1 × 1': convolution(1, 1, [5, 6], [7, 3]),
  'batch norm with leaky rectifier': {
    layer: 'batch_norm',
    shapes: { x: [3, 5, 6, 4], gamma: [4], beta: [4] },
    output: [3, 5, 6, 4],
    run: ({ x, gamma, beta }) =>
      normalizeRectify(x as Tensor, {
        gamma: gamma as Tensor1D,
        beta: beta as Tensor1D,
        epsilon: 1e-3,
        onStatistics: () => undefined,
      }),
  },
  'LSTM forwards': lstm(false),
  'LSTM backwards': lstm(true),
  CTC: {
    layer: 'ctc',
    shapes: { logits: [4, 12, 6] },
    output: [],
    options: { labels },
    run: ({ logits }) =>
      ctcLoss(
        logits as Tensor3D,
        labels.map((label) => Int32Array.from(label)),
      ),
  },
};

interface Answer {
  readonly value: number[];
  readonly gradients: Record<string, number[]>;
}

const python = findTensorFlow() ?? '';
const valuesOf = (name: string, input: string, shape: number[]) => randomValues(sizeOf(shape), name, input);

describe.skipIf(python === '')('layers as TensorFlow computes them', () => {
  let answers: Record<string, Answer> = {};

  beforeAll(() => {
    const questions = Object.entries(tasks).map(([name, { layer, shapes, output, options }]) => {
      const inputs = Object.entries(shapes).map(([input, shape]) => [
        input,
        { shape, values: [...valuesOf(name, input, shape)] },
      ]);
      const weights = [...valuesOf(name, 'weights', output)];
      return [name, { layer, ...options, weights, inputs: Object.fromEntries(inputs) }];
    });
    const folder = mkdtempSync(join(tmpdir(), 'supervise-layers-'));
    const path = join(folder, 'tasks.json');
    writeFileSync(path, JSON.stringify(Object.fromEntries(questions)));
    answers = JSON.parse(runOracle(python, 'layers.py', path));
    rmSync(folder, { recursive: true });
  });

  describe.each(backends)('on %s', (backend) => {
    useBackend(backend);

    test.each(Object.entries(tasks))('%s: value and gradients', (name, { shapes, output, run }) => {
      const inputs = Object.fromEntries(
        Object.entries(shapes).map(([input, shape]) => [input, tensor(valuesOf(name, input, shape), shape)]),
      );
      const { value, gradients } = answers[name] as Answer;
      expectClose(run(inputs).dataSync(), value, 1e-5);
      const weights = tensor(valuesOf(name, 'weights', output), output);
      const ours = grads(() => run(inputs))(Object.values(inputs), weights);
      for (const [index, input] of Object.keys(inputs).entries()) {
        expectClose((ours[index] as Tensor).dataSync(), gradients[input] ?? [], 5e-5, input);
      }
    });
  });
});
