import type { Tensor } from '@tensorflow/tfjs-core';
import { add, mul, sub } from '@tensorflow/tfjs-core';
import type { Module } from '../module.js';
import type { Optimizer, UpdateRule } from './optimizer.js';
import { createOptimizer } from './optimizer.js';

/** Gradient descent with momentum in Keras' form: velocity ← momentum · velocity − rate · gradient. Slot `momentum`. */
export function createSgd(name: string, module: Module, { momentum }: { readonly momentum: number }): Optimizer {
  const rule: UpdateRule = {
    slots: ['momentum'],
    onHost: ({ learningRate, scale }, outputs, inputs) => {
      const [weightOut, velocityOut] = outputs as [Float32Array, Float32Array];
      const [gradient, weight, velocity] = inputs as [Float32Array, Float32Array, Float32Array];
      for (let i = 0; i < weight.length; i++) {
        const next = momentum * (velocity[i] as number) - learningRate * scale * (gradient[i] as number);
        velocityOut[i] = next;
        weightOut[i] = (weight[i] as number) + next;
      }
    },
    onDevice: ({ learningRate }, gradient, weight, slots) => {
      const next = sub(mul(slots[0] as Tensor, momentum), mul(gradient, learningRate));
      return [add(weight, next), next];
    },
  };
  return createOptimizer(name, module, rule);
}
