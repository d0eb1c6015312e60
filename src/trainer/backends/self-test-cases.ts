import type { Tensor, Tensor1D, Tensor2D, Tensor3D, Tensor4D } from '@tensorflow/tfjs-core';
import {
  add,
  addN,
  concat,
  conv2d,
  matMul,
  maxPool,
  mul,
  reshape,
  sigmoid,
  slice,
  sub,
  tanh,
  tensor,
  tensor2d,
  transpose,
} from '@tensorflow/tfjs-core';
import { adversarialLoss, ctcLoss, meanAbsoluteError, meanSquaredError } from '../losses/index.js';
import { attend } from '../nn/attention.js';
import { addBias } from '../nn/ops/add-bias.js';
import { dilatedConv2d } from '../nn/ops/dilate.js';
import { frozenConvRectify } from '../nn/ops/frozen-conv.js';
import { gelu } from '../nn/ops/gelu.js';
import { layerNormalize } from '../nn/ops/layer-normalize.js';
import { leakyRelu } from '../nn/ops/leaky-relu.js';
import { lookUp } from '../nn/ops/look-up.js';
import { lstmSequence } from '../nn/ops/lstm-sequence.js';
import { normalizeChannels, normalizeRectify } from '../nn/ops/normalize.js';
import { maxAlong, meanAlong } from '../nn/ops/pool.js';
import { averagePixels, repeatPixels } from '../nn/ops/resample.js';
import { withGradient } from '../nn/ops/with-gradient.js';
import type { SelfTestCase } from './self-test-case.js';

const labels = [Int32Array.of(1, 1, 0), Int32Array.of(2)];
const indices = () => tensor2d([0, 2, 2, 1, 4, 0], [2, 3], 'int32');

/** A tensor that no gradient is taken of. */
function fixed<T extends Tensor>(shape: number[]): T {
  const size = shape.reduce((product, length) => product * length, 1);
  return tensor(
    Float32Array.from({ length: size }, (_, index) => Math.sin(index + 1)),
    shape,
  ) as T;
}

/** Every operation that our networks differentiate, with the stride, padding and broadcasting they use it with. */
export const selfTestCases: readonly SelfTestCase[] = [
  {
    name: 'convolution 3 × 3',
    inputs: [
      [2, 5, 6, 3],
      [3, 3, 3, 4],
    ],
    run: (x, kernel) => conv2d(x as Tensor4D, kernel as Tensor4D, 1, 'same'),
    expected: -0.3199,
  },
  {
    name: 'convolution 3 × 3 of one channel',
    inputs: [
      [2, 6, 8, 1],
      [3, 3, 1, 5],
    ],
    run: (x, kernel) => conv2d(x as Tensor4D, kernel as Tensor4D, 1, 'same'),
    expected: -9.0534,
  },
  {
    name: 'convolution 4 × 4, stride 2',
    inputs: [
      [2, 8, 10, 2],
      [4, 4, 2, 3],
    ],
    run: (x, kernel) => conv2d(x as Tensor4D, kernel as Tensor4D, 2, 'same'),
    expected: -15.4678,
  },
  {
    name: 'convolution 3 × 3, stride 2, odd size',
    inputs: [
      [1, 7, 9, 2],
      [3, 3, 2, 3],
    ],
    run: (x, kernel) => conv2d(x as Tensor4D, kernel as Tensor4D, 2, 'same'),
    expected: -4.6119,
  },
  {
    name: 'convolution 1 × 1',
    inputs: [
      [2, 4, 6, 3],
      [1, 1, 3, 2],
    ],
    run: (x, kernel) => conv2d(x as Tensor4D, kernel as Tensor4D, 1, 'same'),
    expected: 1.7601,
  },
  {
    name: 'frozen convolution with leaky rectifier',
    inputs: [[2, 5, 6, 3]],
    run: (x) => frozenConvRectify(x as Tensor4D, { kernel: fixed([3, 3, 3, 4]), bias: fixed([4]) }),
    expected: -2.9825,
  },
  {
    name: 'batch norm with leaky rectifier',
    inputs: [[3, 4, 4, 5], [5], [5]],
    run: (x, gamma, beta) =>
      normalizeRectify(x, {
        gamma: gamma as Tensor1D,
        beta: beta as Tensor1D,
        epsilon: 1e-3,
        onStatistics: () => undefined,
      }),
    expected: -4.1287,
  },
  { name: 'leaky rectifier', inputs: [[3, 4, 5]], run: (x) => leakyRelu(x), expected: 1.1928 },
  { name: 'bias', inputs: [[3, 4, 2, 5], [5]], run: (x, bias) => addBias(x, bias as Tensor1D), expected: -9.1623 },
  {
    name: 'max pooling 2 × 2',
    inputs: [[2, 6, 8, 3]],
    run: (x) => maxPool(x as Tensor4D, 2, 2, 'same'),
    expected: -4.5149,
  },
  {
    name: 'max pooling 2 × 1 of an odd height',
    inputs: [[2, 5, 8, 3]],
    run: (x) => maxPool(x as Tensor4D, [2, 1], [2, 1], 'same'),
    expected: -3.0029,
  },
  { name: 'halving', inputs: [[2, 6, 8, 3]], run: (x) => averagePixels(x as Tensor4D, [2, 2]), expected: -0.3191 },
  { name: 'doubling', inputs: [[2, 3, 4, 3]], run: (x) => repeatPixels(x as Tensor4D, [2, 2]), expected: -3.9288 },
  {
    name: 'matrix product',
    inputs: [
      [5, 4],
      [4, 3],
    ],
    run: (a, b) => matMul(a, b),
    expected: 1.9461,
  },
  {
    // As the norm of all gradients is summed; tfjs has no gradient of it, and none is needed.
    name: 'sum of many',
    inputs: [[2, 3]],
    run: (x) =>
      withGradient([x], {
        forward: () => ({ value: addN(Array.from({ length: 20 }, (_, index) => mul(x, index / 50))) }),
        backward: (dy) => [mul(dy, 3.8)],
      }),
    expected: 4.3124,
  },
  { name: 'look-up', inputs: [[5, 4]], run: (table) => lookUp(table as Tensor2D, indices()), expected: -1.1765 },
  {
    name: 'LSTM forwards',
    inputs: [
      [2, 5, 12],
      [3, 12],
    ],
    run: (projected, recurrent) => lstmSequence(projected as Tensor3D, recurrent as Tensor2D, false),
    expected: -0.3575,
  },
  {
    name: 'LSTM backwards',
    inputs: [
      [2, 5, 12],
      [3, 12],
    ],
    run: (projected, recurrent) => lstmSequence(projected as Tensor3D, recurrent as Tensor2D, true),
    expected: 0.2787,
  },
  {
    name: 'arithmetic with broadcasting',
    inputs: [[3, 4], [4]],
    run: (a, b) => add(mul(sigmoid(a), b), sub(tanh(b), a)),
    expected: 0.9168,
  },
  {
    name: 'concatenation, slice, transposition',
    inputs: [
      [2, 3, 4],
      [2, 3, 2],
    ],
    run: (a, b) => slice(reshape(transpose(concat([a, b], 2), [2, 0, 1]), [6, 6]), [1, 2], [4, 3]),
    expected: -1.7025,
  },
  {
    name: 'convolution 2 × 2',
    inputs: [
      [2, 4, 6, 3],
      [2, 2, 3, 2],
    ],
    run: (x, kernel) => conv2d(x as Tensor4D, kernel as Tensor4D, 1, 'same'),
    expected: 2.3987,
  },
  {
    name: 'dilated convolution',
    inputs: [
      [2, 5, 6, 2],
      [3, 3, 2, 3],
    ],
    run: (x, kernel) => dilatedConv2d(x as Tensor4D, kernel as Tensor4D, 2),
    expected: 19.9239,
  },
  {
    name: 'batch norm',
    inputs: [[3, 4, 4, 5], [5], [5]],
    run: (x, gamma, beta) =>
      normalizeChannels(x, {
        gamma: gamma as Tensor1D,
        beta: beta as Tensor1D,
        epsilon: 1e-3,
        onStatistics: () => undefined,
      }),
    expected: -1.0963,
  },
  {
    name: 'layer norm',
    inputs: [[3, 4, 4, 5], [5], [5]],
    run: (x, gamma, beta) =>
      layerNormalize(x, { gamma: gamma as Tensor1D, beta: beta as Tensor1D, epsilon: 1e-3, parts: 3 }),
    expected: -13.1298,
  },
  {
    name: 'attention',
    inputs: [
      [2, 3, 4],
      [2, 5, 4],
      [2, 5, 4],
    ],
    run: (q, k, v) => attend(q as Tensor3D, k as Tensor3D, v as Tensor3D),
    expected: 0.213,
  },
  { name: 'GELU', inputs: [[3, 4, 5]], run: (x) => gelu(x), expected: -1.9922 },
  {
    name: 'maximum and mean of an image',
    inputs: [[2, 3, 4, 5]],
    run: (x) => add(maxAlong(x, [1, 2]), meanAlong(x, [1, 2])),
    expected: -1.1086,
  },
  {
    name: 'maximum and mean of channels',
    inputs: [[2, 3, 4, 5]],
    run: (x) => mul(x, add(maxAlong(x, [3]), meanAlong(x, [3]))),
    expected: 7.0188,
  },
  { name: 'cross-entropy of verdicts', inputs: [[6, 1]], run: (x) => adversarialLoss(x, 0.9, 'bce'), expected: 0.4448 },
  {
    name: 'least squares of verdicts',
    inputs: [[6, 1]],
    run: (x) => adversarialLoss(x, 0.9, 'lsgan'),
    expected: -0.0036,
  },
  {
    name: 'mean absolute error',
    inputs: [[3, 5]],
    run: (x) => meanAbsoluteError(x, fixed(x.shape)),
    expected: -0.0494,
  },
  { name: 'mean squared error', inputs: [[3, 5]], run: (x) => meanSquaredError(x, fixed(x.shape)), expected: -0.5719 },
  { name: 'CTC', inputs: [[2, 6, 4]], run: (logits) => ctcLoss(logits as Tensor3D, labels), expected: 0.2516 },
];
