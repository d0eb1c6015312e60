import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import { memory, scalar, tensor } from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { clipScale, createAdam, createSgd, globalNorm, type Optimizer } from '../../../src/trainer/nn/index.js';
import { zeros } from '../../../src/trainer/nn/initializers.js';
import { buildModule } from '../../../src/trainer/nn/module.js';
import { backends, expectClose, randomValues, useBackend } from '../numeric.js';
import { at } from './references.js';

const [steps, size, learningRate] = [25, 6, 0.01];
const gradientOf = (step: number) => randomValues(size, 'gradient', step);

/** A module of one variable of zeros, and another that never gets a gradient. */
function buildTwo() {
  const module = buildModule('net', 1);
  const weight = module.root.weight('w', [2, 3], zeros);
  const other = module.root.weight('other', [2], zeros);
  return { module, weight, other };
}

/** Takes all steps, with gradients scaled by `scale`. */
function descend(optimizer: Optimizer, scale = 1): void {
  const factor = scalar(scale);
  for (let step = 1; step <= steps; step++) {
    const gradient = tensor(gradientOf(step), [2, 3]);
    optimizer.apply(new Map([['net/w', gradient]]), learningRate, factor);
    gradient.dispose();
  }
  factor.dispose();
}

/** Adam as in the paper, rearranged as Keras does, for one number. */
function adam(index: number, beta1: number, beta2: number, scale: number) {
  let [weight, m, v] = [0, 0, 0];
  for (let step = 1; step <= steps; step++) {
    const g = scale * at(gradientOf(step), index);
    m = beta1 * m + (1 - beta1) * g;
    v = beta2 * v + (1 - beta2) * g * g;
    const rate = (learningRate * Math.sqrt(1 - beta2 ** step)) / (1 - beta1 ** step);
    weight -= (rate * m) / (Math.sqrt(v) + 1e-7);
  }
  return { weight, m, v };
}

function momentumDescent(index: number, momentum: number, scale: number) {
  let [weight, velocity] = [0, 0];
  for (let step = 1; step <= steps; step++) {
    velocity = momentum * velocity - learningRate * scale * at(gradientOf(step), index);
    weight += velocity;
  }
  return { weight, velocity };
}

const each = <Value>(compute: (index: number) => Value) => Array.from({ length: size }, (_, index) => compute(index));
const valuesOf = (variable: Variable | undefined) => (variable as Tensor).dataSync();

describe.each(backends)('optimizers on %s', (backend) => {
  useBackend(backend);

  test.each([
    [0.5, 0.999, 1],
    [0.9, 0.999, 0.25],
    [0, 0.9, 1],
  ])('Adam with beta1 %d, beta2 %d, gradients scaled by %d: the textbook recurrence', (beta1, beta2, scale) => {
    const { module, weight, other } = buildTwo();
    const optimizer = createAdam('optimizer_g', module, { beta1, beta2 });
    descend(optimizer, scale);
    const expected = each((index) => adam(index, beta1, beta2, scale));
    const slots = optimizer.slots();
    const slot = (name: string) => valuesOf(slots.get(`net/w/.OPTIMIZER_SLOT/optimizer_g/${name}`));
    expectClose(
      valuesOf(weight),
      expected.map((number) => number.weight),
      1e-5,
      'weight',
    );
    expectClose(
      slot('m'),
      expected.map((number) => number.m),
      1e-6,
      'm',
    );
    expectClose(
      slot('v'),
      expected.map((number) => number.v),
      1e-6,
      'v',
    );
    expect(optimizer.iterations.get()).toBe(steps);
    expect([...valuesOf(other)]).toEqual([0, 0]);
  });

  test.each([
    [0.9, 1],
    [0.5, 0.25],
    [0, 1],
  ])('gradient descent with momentum %d, gradients scaled by %d', (momentum, scale) => {
    const { module, weight } = buildTwo();
    const optimizer = createSgd('optimizer_d', module, { momentum });
    descend(optimizer, scale);
    const expected = each((index) => momentumDescent(index, momentum, scale));
    const velocity = optimizer.slots().get('net/w/.OPTIMIZER_SLOT/optimizer_d/momentum');
    expectClose(
      valuesOf(weight),
      expected.map((number) => number.weight),
      1e-5,
      'weight',
    );
    expectClose(
      valuesOf(velocity),
      expected.map((number) => number.velocity),
      1e-5,
      'velocity',
    );
  });

  test('restored slots and iterations continue to the same bits', () => {
    const [whole, halves] = [buildTwo(), buildTwo()];
    const uninterrupted = createAdam('o', whole.module, { beta1: 0.5, beta2: 0.999 });
    descend(uninterrupted);
    descend(uninterrupted);
    const first = createAdam('o', halves.module, { beta1: 0.5, beta2: 0.999 });
    descend(first);
    const second = createAdam('o', halves.module, { beta1: 0.5, beta2: 0.999 });
    for (const [path, slot] of second.slots()) slot.assign(first.slots().get(path) as Variable);
    second.iterations.set(first.iterations.get());
    descend(second);
    expect([...valuesOf(halves.weight)]).toEqual([...valuesOf(whole.weight)]);
    expect(second.iterations.get()).toBe(2 * steps);
  });

  test('a step leaves no tensors behind; disposing frees the slots', () => {
    const { module } = buildTwo();
    const before = memory().numTensors;
    const optimizer = createAdam('o', module, { beta1: 0.5, beta2: 0.999 });
    expect(memory().numTensors - before).toBe(4);
    descend(optimizer);
    expect(memory().numTensors - before).toBe(4);
    optimizer.dispose();
    expect(memory().numTensors).toBe(before);
  });

  test('a gradient for a variable that the module does not train is refused', () => {
    const optimizer = createSgd('o', buildTwo().module, { momentum: 0 });
    expect(() => optimizer.apply(new Map([['net/x', tensor([1])]]), 1)).toThrow('net/x');
  });

  test('the global norm is taken over all gradients together', () => {
    const gradients = new Map([
      ['a', tensor([3, 0, 0])],
      ['b', tensor([[0], [-4]])],
      ['c', tensor(12)],
    ]);
    expect(globalNorm(gradients).dataSync()[0]).toBeCloseTo(13, 5);
  });

  test.each([
    [13, 1, 1 / 13],
    [0.5, 1, 1],
    [1, 1, 1],
    [0, 1, 1],
  ])('a norm of %d with limit %d is scaled by %d', (norm, limit, scale) => {
    expect(clipScale(scalar(norm), limit)?.dataSync()[0]).toBeCloseTo(scale, 6);
    expect(clipScale(scalar(norm), 0)).toBeUndefined();
  });
});
