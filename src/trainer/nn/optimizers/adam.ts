import type { Tensor } from '@tensorflow/tfjs-core';
import { add, div, mul, sqrt, square, sub } from '@tensorflow/tfjs-core';
import type { Module } from '../module.js';
import type { Optimizer, UpdateRule } from './optimizer.js';
import { createOptimizer } from './optimizer.js';

/** Decay rates of Adam's two moments. */
export interface AdamOptions {
  readonly beta1: number;
  readonly beta2: number;
}

/** Keras' default. */
const epsilon = 1e-7;

/**
 * Adam (Kingma and Ba 2015) in Keras' form: the bias correction goes into the learning rate, ε is added to √v. Slots `m`, `v`.
 */
export function createAdam(name: string, module: Module, { beta1, beta2 }: AdamOptions): Optimizer {
  const correctedRate = (learningRate: number, count: number) =>
    (learningRate * Math.sqrt(1 - beta2 ** count)) / (1 - beta1 ** count);
  const rule: UpdateRule = {
    slots: ['m', 'v'],
    onHost: ({ learningRate, count, scale }, outputs, inputs) => {
      const [weightOut, mOut, vOut] = outputs as [Float32Array, Float32Array, Float32Array];
      const [gradient, weight, m, v] = inputs as [Float32Array, Float32Array, Float32Array, Float32Array];
      const rate = correctedRate(learningRate, count);
      for (let i = 0; i < weight.length; i++) {
        const g = scale * (gradient[i] as number);
        const first = (m[i] as number) + (1 - beta1) * (g - (m[i] as number));
        const second = (v[i] as number) + (1 - beta2) * (g * g - (v[i] as number));
        mOut[i] = first;
        vOut[i] = second;
        weightOut[i] = (weight[i] as number) - (rate * first) / (Math.sqrt(second) + epsilon);
      }
    },
    onDevice: ({ learningRate, count }, gradient, weight, slots) => {
      const [m, v] = slots as [Tensor, Tensor];
      const first = add(m, mul(sub(gradient, m), 1 - beta1));
      const second = add(v, mul(sub(square(gradient), v), 1 - beta2));
      const change = div(mul(first, correctedRate(learningRate, count)), add(sqrt(second), epsilon));
      return [sub(weight, change), first, second];
    },
  };
  return createOptimizer(name, module, rule);
}
