import type { NamedAttrMap, Tensor, TensorInfo } from '@tensorflow/tfjs-core';
import {
  clone,
  enableProdMode,
  engine,
  getKernel,
  matMul,
  memory,
  setBackend,
  tensor,
  tensor1d,
  tidy,
  unsortedSegmentSum,
} from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { loadCpuBackend } from '../../../src/trainer/backends/cpu-backend.js';
import { loadWasmBackend } from '../../../src/trainer/backends/wasm-backend.js';
import { installWasmKernels } from '../../../src/trainer/backends/wasm-kernels/index.js';
import { expectClose, randomValues, sizeOf } from '../numeric.js';

beforeAll(async () => {
  enableProdMode();
  await loadCpuBackend();
  await loadWasmBackend();
});

/** Runs the same on tensors of each backend's own, and compares wasm with plain JS. */
async function expectAsPlainJs(shapes: Record<string, number[]>, run: (inputs: Record<string, Tensor>) => Tensor) {
  const compute = async (backend: 'wasm' | 'cpu') => {
    await setBackend(backend);
    return tidy(() => {
      const inputs = Object.entries(shapes).map(([name, shape]) => [
        name,
        tensor(randomValues(sizeOf(shape), name), shape),
      ]);
      const output = run(Object.fromEntries(inputs));
      return { shape: output.shape, values: output.dataSync().slice() };
    });
  };
  const [expected, actual] = [await compute('cpu'), await compute('wasm')];
  expect(actual.shape).toEqual(expected.shape);
  expectClose(actual.values, expected.values, 2e-5);
}

function runKernel(name: string, inputs: Record<string, TensorInfo>, attributes: object): Tensor {
  return engine().runKernel(name, inputs as never, attributes as NamedAttrMap) as Tensor;
}

function outputSize(length: number, window: number, stride: number, pad: string | number): number {
  if (pad === 'same') return Math.ceil(length / stride);
  return Math.floor((length + 2 * (pad === 'valid' ? 0 : Number(pad)) - window) / stride) + 1;
}

const sizes = [
  [5, 7],
  [6, 9],
  [8, 8],
] as const;
const windows = [
  [1, 1],
  [3, 3],
  [4, 4],
  [2, 3],
] as const;
const strides = [
  [1, 1],
  [2, 2],
  [2, 1],
  [3, 3],
] as const;
const paddings = ['same', 'valid', 1] as const;

describe('gradients of convolution: every size × window × padding', () => {
  test.each(strides)('strides %d, %d', async (down, along) => {
    for (const [height, width] of sizes)
      for (const [rows, columns] of windows)
        for (const pad of paddings) {
          // tfjs knows padding in numbers for square windows and equal strides only.
          if (pad === 1 && (rows === 1 || rows !== columns || down !== along)) continue;
          const x = [2, height, width, 3];
          const filter = [rows, columns, 3, 4];
          const dy = [2, outputSize(height, rows, down, pad), outputSize(width, columns, along, pad), 4];
          const attributes = { strides: [down, along], pad, dataFormat: 'NHWC' };
          await expectAsPlainJs({ x, dy }, (inputs) =>
            runKernel('Conv2DBackpropFilter', inputs, { ...attributes, filterShape: filter }),
          );
          await expectAsPlainJs({ dy, filter }, (inputs) =>
            runKernel('Conv2DBackpropInput', inputs, { ...attributes, inputShape: x }),
          );
        }
  });

  test('many channels, and one', async () => {
    for (const [inputs, outputs] of [
      [1, 33],
      [40, 1],
      [17, 19],
    ] as const) {
      const [x, filter, dy] = [
        [3, 5, 6, inputs],
        [3, 3, inputs, outputs],
        [3, 5, 6, outputs],
      ];
      const attributes = { strides: 1, pad: 'same', dataFormat: 'NHWC' };
      await expectAsPlainJs({ x, dy }, (tensors) =>
        runKernel('Conv2DBackpropFilter', tensors, { ...attributes, filterShape: filter }),
      );
      await expectAsPlainJs({ dy, filter }, (tensors) =>
        runKernel('Conv2DBackpropInput', tensors, { ...attributes, inputShape: x }),
      );
    }
  });
});

test.each([
  [[2, 2], [2, 2], 'same'],
  [[2, 2], [2, 2], 'valid'],
  [[3, 3], [2, 2], 'same'],
  [[3, 3], [1, 1], 'same'],
  [[2, 1], [2, 1], 'same'],
] as const)('gradient of max pooling: window %j, strides %j, %s', async ([rows, columns], [down, along], pad) => {
  const dy = [2, outputSize(5, rows, down, pad), outputSize(7, columns, along, pad), 3];
  await expectAsPlainJs({ input: [2, 5, 7, 3], dy }, (tensors) => {
    const { input, dy } = tensors as Record<'input' | 'dy', Tensor>;
    // The output is an input of the kernel that neither backend reads.
    const attributes = { filterSize: [rows, columns], strides: [down, along], pad };
    return runKernel('MaxPoolGrad', { dy, input, output: dy }, attributes);
  });
});

test('gradient of max pooling where all is negative, or equal', async () => {
  await setBackend('wasm');
  const gradientOf = (values: number[]) => {
    const input = tensor(values, [1, 2, 2, 1]);
    const dy = tensor([5], [1, 1, 1, 1]);
    const attributes = { filterSize: [2, 2], strides: [2, 2], pad: 'same' };
    return [...runKernel('MaxPoolGrad', { dy, input, output: dy }, attributes).dataSync()];
  };
  expect(gradientOf([-4, -3, -2, -3])).toEqual([0, 0, 5, 0]);
  expect(gradientOf([1, 1, 1, 1])).toEqual([5, 0, 0, 0]);
});

test('sum of segments: repeated, missing and negative ids, rows of one and of two axes', async () => {
  const ids = () => tensor1d([2, 0, 2, -1, 4, 2], 'int32');
  await expectAsPlainJs({ x: [6, 3] }, ({ x }) => unsortedSegmentSum(x as Tensor, ids(), 5));
  await expectAsPlainJs({ x: [6, 2, 2] }, ({ x }) => unsortedSegmentSum(x as Tensor, ids(), 6));
});

test('matrix products of every orientation, alone and in batches', async () => {
  for (const batch of [[], [3]])
    for (const [transposeA, transposeB] of [
      [false, false],
      [true, false],
      [false, true],
      [true, true],
    ] as const) {
      const a = [...batch, ...(transposeA ? [5, 7] : [7, 5])];
      const b = [...batch, ...(transposeB ? [4, 5] : [5, 4])];
      await expectAsPlainJs({ a, b }, ({ a, b }) => matMul(a as Tensor, b as Tensor, transposeA, transposeB));
    }
});

test('a clone shares its data, and outlives the original', async () => {
  await setBackend('wasm');
  const before = memory();
  const original = tensor([1, 2, 3]);
  const copy = clone(original);
  expect(copy.dataId).toBe(original.dataId);
  original.dispose();
  for (let i = 0; i < 20; i++) tensor([7, 8, 9]).dispose();
  expect([...copy.dataSync()]).toEqual([1, 2, 3]);
  copy.dispose();
  expect(memory().numBytes).toBe(before.numBytes);
  expect(memory().numTensors).toBe(before.numTensors);
});

test('installing twice changes nothing', () => {
  const before = getKernel('BatchMatMul', 'wasm');
  installWasmKernels();
  expect(getKernel('BatchMatMul', 'wasm')).toBe(before);
});
