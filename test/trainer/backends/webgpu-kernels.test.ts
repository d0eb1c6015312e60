import type { Tensor, Tensor1D, Tensor2D, Tensor3D, Tensor4D } from '@tensorflow/tfjs-core';
import {
  add,
  clone,
  conv2d,
  dispose,
  enableProdMode,
  engine,
  grad,
  grads,
  keep,
  matMul,
  memory,
  mul,
  scalar,
  setBackend,
  tensor,
  tensor1d,
  tidy,
  tile,
  unsortedSegmentSum,
} from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, type TestContext, test } from 'vitest';
import { loadCpuBackend } from '../../../src/trainer/backends/cpu-backend.js';
import { loadWebgpuBackend } from '../../../src/trainer/backends/webgpu-backend.js';
import { ctcLoss } from '../../../src/trainer/losses/index.js';
import { registerGradients } from '../../../src/trainer/nn/autodiff/index.js';
import { batchNorm } from '../../../src/trainer/nn/batch-norm.js';
import { createAdam, createSgd, globalNorm, type Optimizer } from '../../../src/trainer/nn/index.js';
import { zeros } from '../../../src/trainer/nn/initializers.js';
import { buildModule, type Module } from '../../../src/trainer/nn/module.js';
import { sumChannels } from '../../../src/trainer/nn/ops/channels.js';
import { leakyRelu } from '../../../src/trainer/nn/ops/leaky-relu.js';
import { lstmSequence } from '../../../src/trainer/nn/ops/lstm-sequence.js';
import type { BatchStatistics } from '../../../src/trainer/nn/ops/normalization.js';
import { normalizeChannels, normalizeRectify } from '../../../src/trainer/nn/ops/normalize.js';
import { expectClose, randomValues, sizeOf } from '../numeric.js';

let absent: string | undefined;

beforeAll(async () => {
  enableProdMode();
  registerGradients();
  await loadCpuBackend();
  try {
    await loadWebgpuBackend();
  } catch (error) {
    absent = (error as Error).message;
    console.warn(`skipped: ${absent}`);
  }
}, 60_000);

/** Computes the same on plain JS and on WebGPU, with tensors of each one's own, and compares every value. */
async function expectAsPlainJs(context: TestContext, tolerance: number, run: () => Tensor[]): Promise<void> {
  context.skip(absent !== undefined, absent);
  const compute = async (backend: 'webgpu' | 'cpu') => {
    await setBackend(backend);
    const outputs = run();
    const values = await Promise.all(outputs.map((output) => output.data()));
    dispose(outputs);
    return values;
  };
  const [expected, actual] = [await compute('cpu'), await compute('webgpu')];
  expect(actual.length).toBe(expected.length);
  for (const [index, values] of actual.entries())
    expectClose(values as Float32Array, expected[index] as Float32Array, tolerance, `output ${index}`);
}

function random(shape: number[], ...labels: string[]): Tensor {
  return tensor(randomValues(sizeOf(shape), ...labels), shape);
}

test('sums of segments', (context) =>
  expectAsPlainJs(context, 1e-5, () => {
    const rows = Array.from({ length: 40 }, (_, row) => (row * row) % 7);
    return [
      unsortedSegmentSum(random([40, 9], 'rows'), tensor1d(rows, 'int32'), 8),
      unsortedSegmentSum(random([40, 3, 150], 'images'), tensor1d(rows, 'int32'), 7),
      unsortedSegmentSum(random([40], 'numbers'), tensor1d(rows, 'int32'), 9),
    ];
  }));

// tfjs would split the sum among threads, which add up in any order.
test.for([
  [16, 2500, 24],
  [2, 9000, 1],
  [9, 2048, 130],
] as const)('a product with a long sum %j', ([rows, length, columns], context) =>
  expectAsPlainJs(context, 1e-4, () => [
    matMul(random([rows, length], 'left') as Tensor2D, random([length, columns], 'right')),
  ]),
);

/** Filter, strides, input [N, H, W, C], output channels. */
test.for([
  { filter: [3, 3], strides: 1, shape: [2, 5, 20, 8], out: 8 },
  { filter: [1, 1], strides: 1, shape: [3, 4, 7, 4], out: 12 },
  { filter: [3, 3], strides: 1, shape: [1, 9, 3, 20], out: 68 },
  { filter: [5, 3], strides: 1, shape: [2, 6, 17, 12], out: 24 },
  { filter: [4, 4], strides: 2, shape: [2, 8, 18, 8], out: 16 },
  { filter: [4, 4], strides: 2, shape: [2, 7, 9, 4], out: 8 },
  { filter: [2, 3], strides: 3, shape: [1, 8, 10, 4], out: 4 },
  { filter: [3, 3], strides: 1, shape: [2, 40, 33, 4], out: 4 },
  { filter: [3, 3], strides: 1, shape: [2, 6, 9, 3], out: 5 },
] as const)('a convolution %j', ({ filter, strides, shape, out }, context) =>
  expectAsPlainJs(context, 1e-4, () => {
    const x = random([...shape], 'x');
    const kernel = random([...filter, shape[3], out], 'kernel');
    const convolve = (image: Tensor, weights: Tensor) =>
      mul(conv2d(image as Tensor4D, weights as Tensor4D, strides, 'same'), random([], 'factor'));
    return [convolve(x, kernel), ...grads(convolve)([x, kernel])];
  }),
);

describe('updates of weights', () => {
  const shapes = { a: [3, 5], b: [700] };

  /** All variables after three steps; the second one's gradients are scaled. */
  function descend(create: (module: Module) => Optimizer): Tensor[] {
    const module = buildModule('net', 1);
    for (const [name, shape] of Object.entries(shapes)) module.root.weight(name, shape, zeros);
    const optimizer = create(module);
    for (const [step, scale] of [undefined, scalar(0.3), undefined].entries()) {
      const gradients = Object.entries(shapes).map(
        ([name, shape]) => [`net/${name}`, random(shape, name, String(step))] as const,
      );
      optimizer.apply(new Map(gradients), 0.01 * (step + 1), scale);
      dispose([scale, ...gradients.map(([, gradient]) => gradient)].filter((made) => made !== undefined));
    }
    return [...module.variables.values(), ...optimizer.slots().values()];
  }

  test('Adam', (context) =>
    expectAsPlainJs(context, 1e-5, () =>
      descend((module) => createAdam('adam', module, { beta1: 0.5, beta2: 0.999 })),
    ));

  test.for([0, 0.9])('descent with momentum %d', (momentum, context) =>
    expectAsPlainJs(context, 1e-5, () => descend((module) => createSgd('sgd', module, { momentum }))),
  );
});

test.for([1, 6, 7, 14])('norm of %d tensors', async (count, context) => {
  await expectAsPlainJs(context, 1e-4, () => {
    const gradients = Array.from({ length: count }, (_, index) => random([3, 7 * (index + 1) ** 3], String(index)));
    const before = memory().numTensors;
    const norm = globalNorm(new Map(gradients.map((gradient, index) => [String(index), gradient])));
    expect(memory().numTensors).toBe(before + 1);
    dispose(gradients);
    return [norm];
  });
});

describe('LSTM', () => {
  test.for([
    [1, 1, 3, false],
    [2, 4, 5, true],
    [1, 2, 70, false],
  ] as const)('%d sequences of %d steps, %d units, backwards: %s', ([batch, steps, units, backwards], context) =>
    expectAsPlainJs(context, 1e-4, () => {
      const [projected, recurrent, dy] = [
        random([batch, steps, 4 * units], 'projected'),
        random([units, 4 * units], 'recurrent'),
        random([batch, steps, units], 'dy'),
      ] as [Tensor3D, Tensor2D, Tensor3D];
      const run = (x: Tensor, kernel: Tensor) => lstmSequence(x as Tensor3D, kernel as Tensor2D, backwards);
      return tidy(() => [run(projected, recurrent), ...grads(run)([projected, recurrent], dy)]);
    }),
  );
});

describe('CTC', () => {
  const lines = (...labels: number[][]) => labels.map((label) => Int32Array.from(label));
  const random20 = Array.from({ length: 20 }, (_, at) => (at * 7) % 5);

  test.for([
    ['one character', 3, 1, lines([0])],
    ['no character, repeated ones, one that does not fit', 4, 2, lines([], [1, 1], [0, 1, 0, 1, 0])],
    ['more states than threads of the least program', 45, 5, lines(random20, [4, 4, 0])],
    ['nothing at all', 2, 3, lines([])],
  ] as const)('%s', ([, steps, characters, labels], context) =>
    expectAsPlainJs(context, 1e-4, () => {
      const logits = random([labels.length, steps, characters + 1], 'logits');
      return [Number.POSITIVE_INFINITY, 1000, 0.01].flatMap((clipMax) => {
        const run = (x: Tensor) => ctcLoss(x as Tensor3D, labels, clipMax);
        return tidy(() => [run(logits), grad(run)(logits)]);
      });
    }),
  );
});

describe('batch norm', () => {
  test.for([
    ['few rows', [3, 3], 0],
    ['rows that do not come out even, far from 0', [2, 3, 7, 5], 300],
    ['more rows than lanes', [22_001, 3], 0],
  ] as const)('%s', ([, shape, centre], context) =>
    expectAsPlainJs(context, 1e-3, () =>
      [normalizeRectify, normalizeChannels].flatMap((normalize) => {
        const channels = shape.at(-1) as number;
        const [x, gamma, beta, dy] = [
          tidy(() => add(random([...shape], 'x'), centre)),
          random([channels], 'gamma'),
          random([channels], 'beta'),
          random([...shape], 'dy'),
        ] as [Tensor, Tensor1D, Tensor1D, Tensor];
        return tidy(() => {
          const seen: Tensor[] = [];
          const onStatistics = ({ mean, variance }: BatchStatistics) => {
            if (seen.length === 0) seen.push(keep(clone(mean)), keep(clone(variance)));
          };
          const run = (x: Tensor, gamma: Tensor, beta: Tensor) =>
            normalize(x, { gamma: gamma as Tensor1D, beta: beta as Tensor1D, epsilon: 1e-3, onStatistics });
          const value = run(x, gamma, beta);
          return [value, ...seen, ...grads(run)([x, gamma, beta], dy)];
        });
      }),
    ),
  );
});

test.for([
  ['few pixels', [2, 5, 6, 3], [3, 3, 3, 4], 1],
  ['parts that do not come out even', [3, 15, 20, 2], [4, 4, 2, 3], 2],
  ['1 × 1, a long row', [1, 2, 300, 1], [1, 1, 1, 2], 1],
] as const)('gradient of a filter: %s', ([, shape, filterShape, strides], context) =>
  expectAsPlainJs(context, 1e-3, () => {
    const x = random([...shape], 'x');
    const outputs = shape.slice(1, 3).map((length) => Math.ceil(length / strides));
    const dy = random([shape[0], ...outputs, filterShape[3]], 'dy');
    const attributes = { strides, pad: 'same', dataFormat: 'NHWC', filterShape: [...filterShape] };
    return [engine().runKernel('Conv2DBackpropFilter', { x, dy }, attributes)];
  }),
);

test.for([[[5]], [[7, 3]], [[2, 30, 31, 5]]])('sums of the channels of %j', ([shape], context) =>
  expectAsPlainJs(context, 1e-3, () => [sumChannels(random([...(shape as number[])], 'x'))]),
);

test('running statistics', (context) =>
  expectAsPlainJs(context, 1e-6, () => {
    const { root, variables } = buildModule('net', 1);
    const { apply } = batchNorm(root, 3);
    tidy(() => apply(random([4, 3], 'x'), { training: true, seed: 1, step: 0 }));
    return [...variables.values()];
  }));

test('rectifier of more elements than threads', (context) =>
  expectAsPlainJs(context, 1e-6, () => tidy(() => [leakyRelu(tile(random([1000], 'x'), [1100]))])));
