import type { Tensor } from '@tensorflow/tfjs-core';
import { add, mul, sub } from '@tensorflow/tfjs-core';
import type { Module } from '../module.js';
import type { Optimizer, UpdateRule } from './optimizer.js';
import { createOptimizer } from './optimizer.js';

/** Gradient descent with momentum in Keras' form: velocity ← momentum · velocity − rate · gradient. Slot `momentum`. */
export function createSgd(name: string, module: Module, { momentum }: { readonly momentum: number }): Optimizer {
  const rule: UpdateRule = {
    slots: ['momentum'],
    rateAt: (learningRate) => learningRate,
    onHost: ({ rate, scale }, outputs, inputs) => {
      const [weightOut, velocityOut] = outputs as [Float32Array, Float32Array];
      const [gradient, weight, velocity] = inputs as [Float32Array, Float32Array, Float32Array];
      for (let i = 0; i < weight.length; i++) {
        const next = momentum * (velocity[i] as number) - rate * scale * (gradient[i] as number);
        velocityOut[i] = next;
        weightOut[i] = (weight[i] as number) + next;
      }
    },
    onDevice: (rate, gradient, weight, slots) => {
      const next = sub(mul(slots[0] as Tensor, momentum), mul(gradient, rate));
      return [add(weight, next), next];
    },
    wgsl: `
      momentum = ${momentum} * momentum - rate * gradient;
      weight += momentum;`,
    fused: { op: 'ResourceApplyKerasMomentum', operands: ({ rate, gradient }) => [rate, gradient, momentum] },
  };
  return createOptimizer(name, module, rule);
}
