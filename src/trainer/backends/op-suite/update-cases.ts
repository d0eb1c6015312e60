import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import { add, addN, div, fill, mul, neg, scalar, sqrt, square, stack, sub, unstack } from '@tensorflow/tfjs-core';
import { zeros } from '../../nn/initializers.js';
import { buildModule, type Module } from '../../nn/module.js';
import { withGradient } from '../../nn/ops/with-gradient.js';
import { createAdam } from '../../nn/optimizers/adam.js';
import type { Optimizer } from '../../nn/optimizers/optimizer.js';
import { createSgd } from '../../nn/optimizers/sgd.js';
import { type OpCase, randomTensor, randomVariable } from './op-case.js';

const shape = [3, 4];
const [learningRate, scale, before] = [0.5, 0.75, 4];
const [beta1, beta2, momentum] = [0.5, 0.9, 0.8];
const rate = (learningRate * Math.sqrt(1 - beta2 ** (before + 1))) / (1 - beta1 ** (before + 1));

/** One step of each optimizer: a weight and its slots afterwards, by the weight's gradient. */
export const updateCases: readonly OpCase[] = [
  update(
    'update by Adam',
    (module) => createAdam('optimizer', module, { beta1, beta2 }),
    (g, [, m, v]) => {
      const first = add(mul(m as Tensor, beta1), mul(g, 1 - beta1));
      const second = add(mul(v as Tensor, beta2), mul(square(g), 1 - beta2));
      const root = sqrt(second);
      const bySecond = div(mul(mul(first, g), 1 - beta2), mul(root, second));
      return [mul(sub(bySecond, div(1 - beta1, root)), rate), fill(shape, 1 - beta1), mul(g, 2 * (1 - beta2))];
    },
  ),
  update(
    'update by momentum',
    (module) => createSgd('optimizer', module, { momentum }),
    () => [neg(fill(shape, learningRate)), neg(fill(shape, learningRate))],
  ),
];

/** `slopes` are the derivatives of weight and slots by the scaled gradient, from the values before. */
function update(
  name: string,
  create: (module: Module) => Optimizer,
  slopes: (gradient: Tensor, start: readonly Tensor[]) => Tensor[],
): OpCase {
  return {
    name,
    kind: 'operation',
    build: () => {
      const module = buildModule('update', 1);
      const weight = module.root.weight('weight', shape, zeros);
      const optimizer = create(module);
      const targets = [weight, ...optimizer.slots().values()];
      const gradient = randomVariable(shape, [name, 'gradient']);
      // Positive, as the mean of squares that one of them may be.
      const start = () => targets.map((_, index) => randomTensor(shape, [name, String(index)], 0.2, 1));
      const step = () => {
        for (const [index, value] of start().entries()) targets[index]?.assign(value as Variable);
        optimizer.iterations.set(before);
        optimizer.apply(new Map([['update/weight', gradient]]), learningRate, scalar(scale));
        return stack<Tensor>(targets);
      };
      const slope = (dy: Tensor) => {
        const parts = slopes(mul(gradient, scale), start()).map((part, index) =>
          mul(part, unstack(dy)[index] as Tensor),
        );
        return mul(addN(parts), scale);
      };
      return {
        parameters: [gradient],
        run: () => withGradient([gradient], { forward: () => ({ value: step() }), backward: (dy) => [slope(dy)] }),
        dispose: () => {
          optimizer.dispose();
          for (const variable of [gradient, weight]) variable.dispose();
        },
      };
    },
  };
}
