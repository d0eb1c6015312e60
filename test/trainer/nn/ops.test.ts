import type { Tensor, Tensor1D, Tensor2D, Tensor3D, Tensor4D } from '@tensorflow/tfjs-core';
import { add, concat, matMul, mul, reshape, sigmoid, slice, stack, sub, tanh, transpose } from '@tensorflow/tfjs-core';
import { describe, test } from 'vitest';
import { addBias } from '../../../src/trainer/nn/ops/add-bias.js';
import { meanChannels, scaleChannels, subtractChannels, sumChannels } from '../../../src/trainer/nn/ops/channels.js';
import { frozenConvRectify } from '../../../src/trainer/nn/ops/frozen-conv.js';
import { leakyRelu } from '../../../src/trainer/nn/ops/leaky-relu.js';
import { averagePixels, repeatPixels } from '../../../src/trainer/nn/ops/resample.js';
import { backends, expectAsReference, expectClose, randomTensor, useBackend } from '../numeric.js';
import * as naive from './references.js';

const { at } = naive;
const numbers = (tensor: Tensor) => [...tensor.dataSync()];

describe.each(backends)('operations on %s', (backend) => {
  useBackend(backend);

  test('leaky rectifier', () => {
    const x = randomTensor<Tensor4D>([2, 3, 2, 5], 'x');
    expectAsReference(
      { x },
      () => leakyRelu(x),
      (values) => naive.rectify(values.x),
    );
  });

  // Pixel counts and channels that the wasm path repeats rows for, and such that it cannot
  test.each([[[2, 4, 4, 3]], [[1, 3, 5, 7]], [[1, 16, 16, 1]], [[3, 200]]])(
    'bias, scale, shift, mean and sum by channel of %j',
    (shape) => {
      const channels = at(shape, shape.length - 1);
      const x = randomTensor<Tensor>(shape, 'x');
      const vector = randomTensor<Tensor1D>([channels], 'vector');
      expectAsReference(
        { x, vector },
        () => addBias(x, vector),
        (values) => naive.shift(values.x, values.vector),
      );
      const by = (i: number) => at(vector.dataSync(), i % channels);
      expectClose(
        scaleChannels(x, vector).dataSync(),
        numbers(x).map((value, i) => value * by(i)),
        1e-6,
      );
      expectClose(
        subtractChannels(x, vector).dataSync(),
        numbers(x).map((value, i) => value - by(i)),
        1e-6,
      );
      const { mean } = naive.statistics(numbers(x), channels);
      expectClose(meanChannels(x).dataSync(), mean, 1e-5);
      expectClose(
        sumChannels(x).dataSync(),
        mean.map((value) => (value * x.size) / channels),
        1e-4,
      );
    },
  );

  test.each([
    [2, 2],
    [2, 1],
    [1, 3],
  ] as const)('averaging and repeating blocks of %d × %d pixels', (rows, columns) => {
    const [batch, height, width, channels] = [2, 4, 6, 2];
    const big = randomTensor<Tensor4D>([batch, height, width, channels], 'big');
    const small = randomTensor<Tensor4D>([batch, height / rows, width / columns, channels], 'small');
    /** Index of the small pixel that each big value belongs to. */
    const owner = Array.from({ length: big.size }, (_, i) => {
      const [channel, x] = [i % channels, Math.floor(i / channels) % width];
      const [y, image] = [Math.floor(i / channels / width) % height, Math.floor(i / channels / width / height)];
      return (
        ((image * (height / rows) + Math.floor(y / rows)) * (width / columns) + Math.floor(x / columns)) * channels +
        channel
      );
    });
    expectAsReference(
      { small },
      () => repeatPixels(small, [rows, columns]),
      (values) => owner.map((i) => at(values.small, i)),
    );
    expectAsReference(
      { big },
      () => averagePixels(big, [rows, columns]),
      (values) => {
        const sums = new Array<number>(small.size).fill(0);
        for (const [i, value] of values.big.entries()) sums[at(owner, i)] = at(sums, at(owner, i)) + value;
        return sums.map((sum) => sum / (rows * columns));
      },
    );
  });

  test('a frozen convolution with bias and rectifier, differentiated with respect to its input', () => {
    const shape = { batch: 2, height: 4, width: 5, inputs: 2, filters: 3, size: 3, stride: 1 };
    const x = randomTensor<Tensor4D>([2, 4, 5, 2], 'x');
    const weights = {
      kernel: randomTensor<Tensor4D>([3, 3, 2, 3], 'kernel'),
      bias: randomTensor<Tensor1D>([3], 'bias'),
    };
    const [kernel, bias] = [numbers(weights.kernel), numbers(weights.bias)];
    expectAsReference(
      { x },
      () => frozenConvRectify(x, weights),
      (values) => naive.rectify(naive.shift(naive.convolve(values.x, kernel, shape), bias)),
    );
  });
});

describe.each(backends)('gradients that we register, on %s', (backend) => {
  useBackend(backend);

  test('sums and products with broadcasting on either side, squashing functions', () => {
    const a = randomTensor<Tensor2D>([3, 4], 'a');
    const b = randomTensor<Tensor2D>([3, 1], 'b');
    const column = (i: number) => Math.floor(i / 4);
    expectAsReference(
      { a, b },
      () => mul(sub(b, tanh(a)), add(sigmoid(b), a)),
      (v) => v.a.map((x, i) => (at(v.b, column(i)) - Math.tanh(x)) * (naive.sigmoid(at(v.b, column(i))) + x)),
    );
  });

  test('a tensor that is used twice gets both gradients', () => {
    const a = randomTensor<Tensor1D>([5], 'a');
    expectAsReference(
      { a },
      () => add(mul(a, a), a),
      (v) => v.a.map((x) => x * x + x),
    );
  });

  test.each([
    [false, false],
    [true, false],
    [false, true],
    [true, true],
  ])('matrix product, transposed: %s, %s', (transposeA, transposeB) => {
    const a = randomTensor<Tensor2D>(transposeA ? [4, 5] : [5, 4], 'a');
    const b = randomTensor<Tensor2D>(transposeB ? [3, 4] : [4, 3], 'b');
    const turn = (matrix: number[], columns: number) =>
      Array.from({ length: matrix.length }, (_, i) => {
        const rows = matrix.length / columns;
        return at(matrix, (i % rows) * columns + Math.floor(i / rows));
      });
    expectAsReference(
      { a, b },
      () => matMul(a, b, transposeA, transposeB),
      (v) => naive.multiply(transposeA ? turn(v.a, 5) : v.a, transposeB ? turn(v.b, 4) : v.b, 4, 3),
    );
  });

  test('concatenation, stacking, slice, transposition and reshape move gradients back to where values came from', () => {
    const a = randomTensor<Tensor2D>([2, 3], 'a');
    const b = randomTensor<Tensor2D>([2, 2], 'b');
    expectAsReference(
      { a, b },
      () => slice(reshape(transpose(concat([a, b], 1)), [2, 5]), [0, 1], [2, 3]),
      (v) => {
        const turned = Array.from({ length: 10 }, (_, i) => {
          const [row, column] = [i % 2, Math.floor(i / 2)];
          return column < 3 ? at(v.a, row * 3 + column) : at(v.b, row * 2 + column - 3);
        });
        return [...turned.slice(1, 4), ...turned.slice(6, 9)];
      },
    );
    const c = randomTensor<Tensor2D>([2, 3], 'c');
    expectAsReference(
      { a, c },
      () => stack([a, c], 1) as Tensor3D,
      (v) => [0, 1].flatMap((row) => [v.a, v.c].flatMap((values) => values.slice(3 * row, 3 * row + 3))),
    );
  });
});
