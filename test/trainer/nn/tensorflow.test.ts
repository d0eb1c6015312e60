import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Tensor, Tensor1D, Tensor2D, Tensor3D, Tensor4D, Variable } from '@tensorflow/tfjs-core';
import { add, conv2d, grads, matMul, reshape, tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, test } from 'vitest';
import { ctcLoss } from '../../../src/trainer/losses/index.js';
import { multiHeadAttention } from '../../../src/trainer/nn/attention.js';
import type { VariableScope } from '../../../src/trainer/nn/module.js';
import { addBias } from '../../../src/trainer/nn/ops/add-bias.js';
import { gelu } from '../../../src/trainer/nn/ops/gelu.js';
import { layerNormalize } from '../../../src/trainer/nn/ops/layer-normalize.js';
import { lstmSequence } from '../../../src/trainer/nn/ops/lstm-sequence.js';
import { normalizeRectify } from '../../../src/trainer/nn/ops/normalize.js';
import { maxAlong, meanAlong } from '../../../src/trainer/nn/ops/pool.js';
import { findTensorFlow, runTensorFlow } from '../../oracle/tensorflow.js';
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

const normOfLayers = (axes: number[], parts: number): Task => ({
  layer: 'layer_norm',
  shapes: { x: [3, 4, 5], gamma: [5], beta: [5] },
  output: [3, 4, 5],
  options: { axes },
  run: ({ x, gamma, beta }) =>
    layerNormalize(x as Tensor, { gamma: gamma as Tensor1D, beta: beta as Tensor1D, epsilon: 1e-3, parts }),
});

const poolOver = (axes: number[], output: number[]): Task => ({
  layer: 'pool',
  shapes: { x: [3, 4, 5, 6] },
  output,
  options: { axes },
  run: ({ x }) => add(maxAlong(x as Tensor, axes), meanAlong(x as Tensor, axes)),
});

const attentionShapes = Object.fromEntries(
  ['query', 'key', 'value', 'output'].flatMap((name) => [
    [`${name}/kernel`, name === 'output' ? [8, 6] : [6, 8]],
    [`${name}/bias`, [name === 'output' ? 6 : 8]],
  ]),
);

/** A scope whose weights are tensors that are there already, by path. */
function scopeOf(tensors: Record<string, Tensor>, path = ''): VariableScope {
  const get = (name: string) => tensors[`${path}${name}`] as Variable;
  return { path, scope: (name) => scopeOf(tensors, `${path}${name}/`), weight: get, statistic: get };
}

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
  'layer norm of each step': normOfLayers([2], 12),
  'layer norm of each line': normOfLayers([1, 2], 3),
  GELU: { layer: 'gelu', shapes: { x: [4, 5, 6] }, output: [4, 5, 6], run: ({ x }) => gelu(x as Tensor) },
  'maximum and mean of an image': poolOver([1, 2], [3, 1, 1, 6]),
  'maximum and mean of channels': poolOver([3], [3, 4, 5, 1]),
  'attention with several heads': {
    layer: 'attention',
    shapes: { x: [2, 5, 6], ...attentionShapes },
    output: [2, 5, 6],
    options: { heads: 2, size: 4 },
    run: ({ x, ...weights }) => {
      const attend = multiHeadAttention(scopeOf(weights), { channels: 6, heads: 2, headSize: 4 });
      return attend(x as Tensor3D);
    },
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
    answers = JSON.parse(runTensorFlow(python, 'layers.py', path));
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
