import type { Tensor, Tensor1D, Tensor2D, Tensor3D, Tensor4D, Variable } from '@tensorflow/tfjs-core';
import { fill, grads, memory, tensor, tensor2d, tidy } from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { normRectify } from '../../../src/trainer/nn/batch-norm.js';
import { conv2d } from '../../../src/trainer/nn/conv2d.js';
import { dense } from '../../../src/trainer/nn/dense.js';
import { dropout } from '../../../src/trainer/nn/dropout.js';
import { embedding } from '../../../src/trainer/nn/embedding.js';
import { bidirectionalLstm, lstm } from '../../../src/trainer/nn/lstm.js';
import type { VariableScope } from '../../../src/trainer/nn/module.js';
import { buildModule, disposeModule, inference } from '../../../src/trainer/nn/module.js';
import { backends, expectAsReference, expectClose, randomTensor, randomValues, useBackend } from '../numeric.js';
import { at, convolve, multiply, normalize, readSequences, shift, statistics } from './references.js';

const training = { training: true, seed: 3, step: 7 };

/** Builds a layer, with random numbers in its variables (so that no bias is 0), and gives these by name. */
function build<Layer>(make: (scope: VariableScope) => Layer) {
  const module = buildModule('layer', 1);
  const layer = make(module.root);
  for (const [path, variable] of module.variables) {
    const offset = path.endsWith('variance') ? 1.5 : 0;
    const values = randomValues(variable.size, path).map((value) => value + offset);
    tidy(() => variable.assign(tensor(values, variable.shape) as Variable));
  }
  const weight = <T extends Tensor>(name: string) => module.variables.get(`layer/${name}`) as Tensor as T;
  return { layer, weight, free: () => disposeModule(module) };
}

/** a ÷ b, element by element. */
function ratio(a: Tensor, b: Tensor): number[] {
  const [over, under] = [a.dataSync(), b.dataSync()];
  return Array.from(over, (value, i) => value / at(under, i));
}

describe.each(backends)('layers on %s', (backend) => {
  useBackend(backend);

  test.each([
    { size: 3, stride: 1, height: 5, width: 6, inputs: 3, filters: 4 },
    { size: 3, stride: 2, height: 7, width: 5, inputs: 2, filters: 3 },
    { size: 4, stride: 2, height: 6, width: 8, inputs: 1, filters: 2 },
    { size: 1, stride: 1, height: 3, width: 4, inputs: 3, filters: 2 },
  ])('conv2d $size × $size, stride $stride, $height × $width', (options) => {
    const { layer, weight, free } = build((scope) => conv2d(scope, { ...options, bias: true }));
    const x = randomTensor<Tensor4D>([2, options.height, options.width, options.inputs], 'x');
    const inputs = { x, kernel: weight('kernel'), bias: weight<Tensor1D>('bias') };
    expectAsReference(
      inputs,
      () => layer(x),
      (values) => shift(convolve(values.x, values.kernel, { batch: 2, ...options }), values.bias),
    );
    free();
  });

  test('dense', () => {
    const { layer, weight, free } = build((scope) => dense(scope, { inputs: 4, units: 3 }));
    const x = randomTensor<Tensor2D>([5, 4], 'x');
    expectAsReference(
      { x, kernel: weight('kernel'), bias: weight('bias') },
      () => layer(x),
      ({ x, kernel, bias }) => shift(multiply(x, kernel, 4, 3), bias),
    );
    free();
  });

  test('batch norm in training: by the statistics of the batch, which the running ones follow', () => {
    const { layer, weight, free } = build((scope) => normRectify(scope, 3));
    const x = randomTensor<Tensor4D>([2, 4, 3, 3], 'x');
    const before = [...weight('moving_mean').dataSync(), ...weight('moving_variance').dataSync()];
    const { mean, variance } = statistics([...x.dataSync()], 3);
    tidy(() => layer.apply(x, training));
    const after = [...weight('moving_mean').dataSync(), ...weight('moving_variance').dataSync()];
    expectClose(
      after,
      [...mean, ...variance].map((value, i) => 0.9 * at(before, i) + 0.1 * value),
      1e-6,
    );
    expectAsReference(
      { x, gamma: weight('gamma'), beta: weight('beta') },
      () => layer.apply(x, training),
      (values) => normalize(values.x, values.gamma, values.beta, statistics(values.x, 3)),
      3e-4,
    );
    free();
  });

  test('batch norm in inference: by the running statistics, as its affine form does', () => {
    const { layer, weight, free } = build((scope) => normRectify(scope, 3));
    const x = randomTensor<Tensor4D>([2, 4, 3, 3], 'x');
    const names = ['gamma', 'beta', 'moving_mean', 'moving_variance'] as const;
    const [gamma, beta, mean, variance] = names.map((name) => [...weight(name).dataSync()]) as [
      number[],
      number[],
      number[],
      number[],
    ];
    const expected = normalize([...x.dataSync()], gamma, beta, { mean, variance });
    expectClose(tidy(() => layer.apply(x, inference)).dataSync(), expected, 1e-5);
    const { scale, shift: offset } = layer.toAffine();
    expectClose(
      scale.dataSync(),
      gamma.map((value, i) => value / Math.sqrt(at(variance, i) + 1e-3)),
      1e-5,
    );
    expectClose(
      offset.dataSync(),
      beta.map((value, i) => value - at(mean, i) * at(scale.dataSync(), i)),
      1e-5,
    );
    free();
  });

  test.each([false, true])('LSTM, backwards: %s', (backwards) => {
    const shape = { batch: 2, steps: 4, inputs: 3, units: 5, backwards };
    const { layer, weight, free } = build((scope) => lstm(scope, shape));
    const x = randomTensor<Tensor3D>([2, 4, 3], 'x');
    expectAsReference(
      { x, kernel: weight('kernel'), recurrent: weight('recurrent_kernel'), bias: weight('bias') },
      () => layer(x),
      ({ x, kernel, recurrent, bias }) => readSequences(x, kernel, recurrent, bias, shape),
    );
    free();
  });

  test('LSTM of a single step', () => {
    const shape = { batch: 2, steps: 1, inputs: 3, units: 2, backwards: false };
    const { layer, weight, free } = build((scope) => lstm(scope, shape));
    const x = randomTensor<Tensor3D>([2, 1, 3], 'x');
    expectAsReference(
      { x, kernel: weight('kernel'), bias: weight('bias') },
      () => layer(x),
      ({ x, kernel, bias }) => readSequences(x, kernel, new Array(16).fill(0), bias, shape),
    );
    free();
  });

  // Only where the LSTM is one loop of its own; elsewhere there is no such memory.
  if (backend !== 'device')
    test('an LSTM of a single step leaves its recurrent kernel alone, whatever memory held', () => {
      const { layer, weight, free } = build((scope) => lstm(scope, { inputs: 3, units: 2 }));
      const x = randomTensor<Tensor3D>([2, 1, 3], 'x');
      for (const garbage of Array.from({ length: 50 }, () => fill([2, 8], Number.NaN))) garbage.dispose();
      const [gradient] = grads(() => layer(x))([weight('recurrent_kernel')], fill([2, 1, 2], 1));
      expect([...(gradient as Tensor).dataSync()]).toEqual(new Array(16).fill(0));
      free();
    });

  test('a bidirectional LSTM is both directions side by side', () => {
    const options = { inputs: 3, units: 2 };
    const { layer, weight, free } = build((scope) => bidirectionalLstm(scope, options));
    const x = randomTensor<Tensor3D>([2, 3, 3], 'x');
    const readOne = (name: string, backwards: boolean) => {
      const [kernel, recurrent, bias] = ['kernel', 'recurrent_kernel', 'bias'].map((weightName) => [
        ...weight(`${name}/${weightName}`).dataSync(),
      ]) as [number[], number[], number[]];
      return readSequences([...x.dataSync()], kernel, recurrent, bias, { batch: 2, steps: 3, ...options, backwards });
    };
    const [forward, backward] = [readOne('forward', false), readOne('backward', true)];
    const expected = Array.from({ length: 6 }, (_, row) => [
      ...forward.slice(2 * row, 2 * row + 2),
      ...backward.slice(2 * row, 2 * row + 2),
    ]).flat();
    expectClose(layer(x).dataSync(), expected, 1e-5);
    free();
  });

  test('an embedding looks rows up; the gradients of a row that is read twice add up', () => {
    const { layer, weight, free } = build((scope) => embedding(scope, 5, 3));
    const indices = [0, 2, 2, 4, 1, 2];
    expectAsReference(
      { table: weight('embeddings') },
      () => layer(tensor2d(indices, [2, 3], 'int32')),
      ({ table }) => indices.flatMap((row) => table.slice(3 * row, 3 * row + 3)),
    );
    free();
  });

  test('dropout drops its share, scales the rest, and has the gradient of its mask', () => {
    const drop = dropout('layer/drop', 0.3);
    const x = randomTensor<Tensor2D>([50, 40], 'x');
    const mask = ratio(drop(x, training), x);
    const kept = mask.filter((value) => value !== 0);
    expect(kept.length / mask.length).toBeCloseTo(0.7, 1);
    expectClose(
      kept,
      kept.map(() => 1 / 0.7),
      1e-5,
    );
    const small = randomTensor<Tensor2D>([3, 4], 'small');
    const smallMask = ratio(drop(small, training), small);
    expectAsReference(
      { small },
      () => drop(small, training),
      (values) => values.small.map((value, i) => value * at(smallMask, i)),
    );
  });

  test('a dropout mask depends on seed, step and path, and there is none in inference', () => {
    const ones = tensor2d(new Float32Array(200).fill(1), [10, 20]);
    const mask = (path: string, pass = training) => tidy(() => dropout(path, 0.5)(ones, pass)).dataSync();
    expect(mask('a')).toEqual(mask('a'));
    expect(mask('a')).not.toEqual(mask('b'));
    expect(mask('a')).not.toEqual(mask('a', { ...training, step: 8 }));
    expect(mask('a')).not.toEqual(mask('a', { ...training, seed: 4 }));
    expect(dropout('a', 0.5)(ones, inference)).toBe(ones);
  });

  test('layers leave no tensors behind but their variables', () => {
    const before = memory().numTensors;
    const { layer, free } = build((scope) => {
      const norm = normRectify(scope, 2);
      return (x: Tensor4D) => norm.apply(x, training);
    });
    const x = randomTensor<Tensor4D>([1, 3, 3, 2], 'x');
    for (let i = 0; i < 3; i++) layer(x).dispose();
    expect(memory().numTensors - before).toBe(5);
    x.dispose();
    free();
    expect(memory().numTensors).toBe(before);
  });
});
