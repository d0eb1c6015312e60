import type { Tensor, Tensor1D, Tensor3D, Tensor4D } from '@tensorflow/tfjs-core';
import { mul } from '@tensorflow/tfjs-core';
import { describe, test } from 'vitest';
import { attend } from '../../../src/trainer/nn/attention.js';
import { joinedConv2d } from '../../../src/trainer/nn/joined-conv2d.js';
import { buildModule } from '../../../src/trainer/nn/module.js';
import { dilatedConv2d } from '../../../src/trainer/nn/ops/dilate.js';
import { gelu } from '../../../src/trainer/nn/ops/gelu.js';
import { layerNormalize } from '../../../src/trainer/nn/ops/layer-normalize.js';
import { normalizeChannels } from '../../../src/trainer/nn/ops/normalize.js';
import { maxAlong, meanAlong } from '../../../src/trainer/nn/ops/pool.js';
import { softMax } from '../../../src/trainer/nn/ops/soft-max.js';
import { backends, expectAsReference, randomTensor, useBackend } from '../numeric.js';
import * as naive from './attention-references.js';
import { at, convolve, statistics } from './references.js';

describe.each(backends)('operations of the attention models on %s', (backend) => {
  useBackend(backend);
  const shape = [2, 3, 4, 5] as const;
  const images = () => randomTensor<Tensor4D>([...shape], 'x');

  test('softmax and GELU', () => {
    const x = mul(images(), 0.9) as Tensor4D;
    expectAsReference(
      { x },
      () => softMax(x),
      (values) => naive.softmaxRows(values.x, 5),
    );
    expectAsReference(
      { x },
      () => gelu(x),
      (values) => values.x.map(naive.geluOf),
    );
  });

  test.each(['image', 'channels'] as const)('maximum and mean over the %s', (over) => {
    const x = images();
    const axes = over === 'image' ? [1, 2] : [3];
    expectAsReference(
      { x },
      () => maxAlong(x, axes),
      (values) => naive.pooled(values.x, shape, over, (all) => Math.max(...all)),
    );
    expectAsReference(
      { x },
      () => meanAlong(x, axes),
      (values) => naive.pooled(values.x, shape, over, naive.mean),
    );
  });

  test.each([
    ['each pixel', 24, 5],
    ['each image', 2, 60],
  ])('layer normalisation of %s', (_, parts, columns) => {
    const inputs = {
      x: images(),
      gamma: randomTensor<Tensor1D>([5], 'gamma'),
      beta: randomTensor<Tensor1D>([5], 'beta'),
    };
    expectAsReference(
      inputs,
      () => layerNormalize(inputs.x, { ...inputs, epsilon: 1e-3, parts }),
      ({ x, gamma, beta }) => naive.rowNorm(x, columns, gamma, beta, 1e-3),
      3e-4,
    );
  });

  test('batch normalisation without the rectifier', () => {
    const inputs = {
      x: images(),
      gamma: randomTensor<Tensor1D>([5], 'gamma'),
      beta: randomTensor<Tensor1D>([5], 'beta'),
    };
    expectAsReference(
      inputs,
      () => normalizeChannels(inputs.x, { ...inputs, epsilon: 1e-3, onStatistics: () => undefined }),
      ({ x, gamma, beta }) => {
        const { mean, variance } = statistics(x, 5);
        const normal = x.map((value, i) => (value - at(mean, i % 5)) / Math.sqrt(at(variance, i % 5) + 1e-3));
        return normal.map((value, i) => value * at(gamma, i % 5) + at(beta, i % 5));
      },
      3e-4,
    );
  });

  test('attention of one sequence to another', () => {
    const sizes = { batch: 2, queries: 3, keys: 4, size: 5 };
    const inputs = {
      q: randomTensor<Tensor3D>([2, 3, 5], 'q'),
      k: randomTensor<Tensor3D>([2, 4, 5], 'k'),
      v: randomTensor<Tensor3D>([2, 4, 5], 'v'),
    };
    expectAsReference(
      inputs,
      () => attend<Tensor3D>(inputs.q, inputs.k, inputs.v),
      ({ q, k, v }) => naive.attention(q, k, v, sizes),
    );
  });

  test.each([1, 2, 4])('convolution with every pixel at distance %d', (rate) => {
    const size = [2, 5, 6, 2] as const;
    const inputs = {
      x: randomTensor<Tensor4D>([...size], 'x'),
      kernel: randomTensor<Tensor4D>([3, 3, 2, 3], 'kernel'),
    };
    expectAsReference(
      inputs,
      () => dilatedConv2d(inputs.x, inputs.kernel, rate),
      ({ x, kernel }) => naive.dilatedConvolution(x, kernel, size, 3, rate),
    );
  });

  test('convolution of two images as of one with the channels of both', () => {
    const { root, variables } = buildModule('joined', 3);
    const join = joinedConv2d(root, { widths: [2, 3], filters: 2, size: 2, bias: true });
    const [kernel, bias] = [...variables.values()] as unknown as [Tensor4D, Tensor1D];
    const [a, b] = [randomTensor<Tensor4D>([2, 4, 4, 2], 'a'), randomTensor<Tensor4D>([2, 4, 4, 3], 'b')];
    expectAsReference<'a' | 'b' | 'kernel' | 'bias'>(
      { a, b, kernel: kernel as Tensor, bias },
      () => join([a, b]),
      (values) => {
        const joined = Array.from({ length: 32 }, (_, pixel) => [
          ...values.a.slice(2 * pixel, 2 * pixel + 2),
          ...values.b.slice(3 * pixel, 3 * pixel + 3),
        ]).flat();
        const shape = { batch: 2, height: 4, width: 4, inputs: 5, filters: 2, size: 2, stride: 1 };
        return convolve(joined, values.kernel, shape).map((value, i) => value + (values.bias[i % 2] as number));
      },
    );
  });
});
