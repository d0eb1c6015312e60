import type { Scalar, Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import { keep, matMul, memory, reshape, tensor2d } from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { differentiate } from '../../../src/trainer/nn/gradients.js';
import { blankModule, countParameters, disposeModule, type Module, planModule } from '../../../src/trainer/nn/index.js';
import {
  glorotUniform,
  heUniform,
  heUniformShared,
  type Initializer,
  ones,
  orthogonal,
  uniformWithin,
  zeros,
} from '../../../src/trainer/nn/initializers.js';
import { buildModule } from '../../../src/trainer/nn/module.js';
import { useBackend } from '../numeric.js';

describe('modules', () => {
  useBackend('cpu');

  test('name variables by path and tell trained ones from statistics', () => {
    const module = buildModule('net', 1);
    const scope = module.root.scope('enc0').scope('norm');
    scope.weight('gamma', [3], ones);
    scope.statistic('moving_variance', [3], 1);
    expect([...module.variables.keys()]).toEqual(['net/enc0/norm/gamma', 'net/enc0/norm/moving_variance']);
    expect([...module.trainable.keys()]).toEqual(['net/enc0/norm/gamma']);
    expect(countParameters(module)).toBe(3);
    expect(() => scope.weight('gamma', [1], zeros)).toThrow('net/enc0/norm/gamma');
  });

  test('initial values depend on seed and path only', () => {
    const kernelOf = (seed: number, path: string) => [
      ...buildModule('net', seed).root.scope(path).weight('kernel', [3, 4], heUniform).dataSync(),
    ];
    expect(kernelOf(1, 'a')).toEqual(kernelOf(1, 'a'));
    expect(kernelOf(1, 'a')).not.toEqual(kernelOf(2, 'a'));
    expect(kernelOf(1, 'a')).not.toEqual(kernelOf(1, 'b'));
  });

  test('differentiating gives gradients by path, keeps the extra, and leaves nothing else behind', () => {
    const module = buildModule('net', 1);
    const weight = module.root.weight('w', [2, 1], ones) as unknown as Tensor2D;
    module.root.weight('unused', [2], ones);
    const x = tensor2d([[3, 5]]);
    const before = memory().numTensors;
    const { loss, gradients, extra } = differentiate(module, () => {
      const product = keep(matMul(x, weight));
      return { loss: reshape(product, []) as Scalar, extra: product };
    });
    expect(loss.dataSync()[0]).toBe(8);
    expect(extra.dataSync()[0]).toBe(8);
    expect([...gradients.keys()]).toEqual(['net/w']);
    expect([...(gradients.get('net/w') as Tensor).dataSync()]).toEqual([3, 5]);
    for (const tensor of [loss, extra, ...gradients.values()]) tensor.dispose();
    expect(memory().numTensors).toBe(before);
    disposeModule(module);
    expect(memory().numTensors).toBe(before - 2);
  });

  test('what a computation made is freed when it throws', () => {
    const module = buildModule('net', 1);
    module.root.weight('w', [2, 1], ones);
    const before = memory().numTensors;
    const failing = () => {
      tensor2d([[1, 2]]);
      throw new Error('no loss');
    };
    expect(() => differentiate(module, failing)).toThrow('no loss');
    expect(memory().numTensors).toBe(before);
  });
});

describe('initializers', () => {
  const kernel = [3, 3, 8, 16];
  const limits: [string, Initializer, number][] = [
    ['Glorot', glorotUniform, Math.sqrt(6 / (9 * 8 + 9 * 16))],
    ['He', heUniform, Math.sqrt(6 / (9 * 8))],
    ['He, half of the inputs', heUniformShared(0.5), Math.sqrt(3 / (9 * 8))],
    ['fixed', uniformWithin(0.05), 0.05],
  ];

  test.each(limits)('%s: uniform up to its limit', (_, initialize, limit) => {
    const values = initialize(kernel, 1, 'path');
    const variance = values.reduce((sum, value) => sum + value * value, 0) / values.length;
    expect(values.length).toBe(1152);
    expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(Math.fround(limit));
    expect(variance / (limit ** 2 / 3)).toBeCloseTo(1, 0);
  });

  test.each([
    [4, 16],
    [6, 6],
    [16, 4],
  ])('orthogonal %d × %d: the shorter side is orthonormal', (rows, columns) => {
    const values = orthogonal([rows, columns], 1, 'path');
    const [count, length] = [Math.min(rows, columns), Math.max(rows, columns)];
    const at = (vector: number, i: number) =>
      (rows <= columns ? values[vector * columns + i] : values[i * columns + vector]) as number;
    for (let a = 0; a < count; a++)
      for (let b = 0; b < count; b++) {
        let product = 0;
        for (let i = 0; i < length; i++) product += at(a, i) * at(b, i);
        expect(product).toBeCloseTo(a === b ? 1 : 0, 5);
      }
  });
});

describe('a module without its initial values', () => {
  useBackend('cpu');
  const build = () => {
    const module = buildModule('net', 1);
    module.root.weight('w', [2, 3], ones);
    module.root.statistic('mean', [2], 1);
    return module;
  };

  test('has zeros when all is assigned afterwards, only shapes when it is only counted, and values again after that', () => {
    const values = (module: Module) => [...module.variables.values()].map((variable) => [...variable.dataSync()]);
    expect(values(blankModule(build))).toEqual([
      [0, 0, 0, 0, 0, 0],
      [0, 0],
    ]);
    const tensors = memory().numTensors;
    expect(countParameters(planModule(build))).toBe(6);
    expect(memory().numTensors).toBe(tensors);
    expect(values(build())).toEqual([
      [1, 1, 1, 1, 1, 1],
      [1, 1],
    ]);
    expect(() =>
      planModule(() => {
        throw new Error('no');
      }),
    ).toThrow('no');
    expect(values(build())[1]).toEqual([1, 1]);
  });
});
