import type { Tensor2D, Tensor3D, Tensor4D } from '@tensorflow/tfjs-core';
import {
  add,
  concat,
  conv2d,
  matMul,
  maxPool,
  mul,
  reshape,
  sigmoid,
  slice,
  split,
  stack,
  sub,
  tanh,
  transpose,
  unstack,
} from '@tensorflow/tfjs-core';
import { contrastiveLoss } from '../../losses/index.js';
import { type OpCase, operation, randomTensor } from './op-case.js';

const twoAndVector = [[3, 4], [4]];

/** tfjs's own operations that the trainer can differentiate, one by one (`nn/autodiff`), and losses that need a fixed side. */
export const plainOps: readonly OpCase[] = [
  operation('Add, broadcast', twoAndVector, (a, b) => add(a, b)),
  operation('Sub, broadcast', twoAndVector, (a, b) => sub(a, b)),
  operation('Multiply, broadcast', twoAndVector, (a, b) => mul(a, b)),
  operation('Sigmoid', [[3, 4]], (x) => sigmoid(x)),
  operation('Tanh', [[3, 4]], (x) => tanh(x)),
  operation('Reshape', [[3, 4]], (x) => reshape(x, [2, 6])),
  operation('Transpose', [[3, 4, 2]], (x) => transpose(x, [2, 0, 1])),
  operation('Slice', [[4, 5]], (x) => slice(x, [1, 2], [2, 3])),
  operation(
    'Concat',
    [
      [2, 3],
      [2, 4],
    ],
    (a, b) => concat([a, b], 1),
  ),
  operation('SplitV', [[2, 6, 3]], (x) => concat(split(x as Tensor3D, 3, 1).toReversed(), 1)),
  operation(
    'Pack',
    [
      [2, 3],
      [2, 3],
    ],
    (a, b) => stack([a, b], 1),
  ),
  operation('Unpack', [[2, 4, 3]], (x) => concat((unstack(x, 1) as Tensor2D[]).toReversed(), 1)),
  operation(
    'BatchMatMul',
    [
      [2, 3, 4],
      [2, 4, 5],
    ],
    (a, b) => matMul(a, b),
  ),
  operation(
    'BatchMatMul, both transposed',
    [
      [4, 3],
      [5, 4],
    ],
    (a, b) => matMul(a, b, true, true),
  ),
  operation(
    'Conv2D, valid',
    [
      [1, 5, 6, 2],
      [3, 3, 2, 3],
    ],
    (x, kernel) => conv2d(x as Tensor4D, kernel as Tensor4D, 1, 'valid'),
  ),
  operation('MaxPool, window 3, stride 2', [[2, 7, 7, 2]], (x) => maxPool(x as Tensor4D, 3, 2, 'same')),
  operation(
    'contrast of features',
    [[4, 6, 6, 1]],
    (x) => contrastiveLoss(x, randomTensor([4, 6, 6, 1], ['contrast', 'clean']), 0.5),
    'loss',
  ),
];
