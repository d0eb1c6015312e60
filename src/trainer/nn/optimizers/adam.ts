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
  const rule: UpdateRule = {
    slots: ['m', 'v'],
    rateAt: (learningRate, count) => (learningRate * Math.sqrt(1 - beta2 ** count)) / (1 - beta1 ** count),
    onHost: ({ rate, scale }, outputs, inputs) => {
      const [weightOut, mOut, vOut] = outputs as [Float32Array, Float32Array, Float32Array];
      const [gradient, weight, m, v] = inputs as [Float32Array, Float32Array, Float32Array, Float32Array];
      for (let i = 0; i < weight.length; i++) {
        const g = scale * (gradient[i] as number);
        const first = (m[i] as number) + (1 - beta1) * (g - (m[i] as number));
        const second = (v[i] as number) + (1 - beta2) * (g * g - (v[i] as number));
        mOut[i] = first;
        vOut[i] = second;
        weightOut[i] = (weight[i] as number) - (rate * first) / (Math.sqrt(second) + epsilon);
      }
    },
    onDevice: (rate, gradient, weight, slots) => {
      const [m, v] = slots as [Tensor, Tensor];
      const first = add(m, mul(sub(gradient, m), 1 - beta1));
      const second = add(v, mul(sub(square(gradient), v), 1 - beta2));
      return [sub(weight, div(mul(first, rate), add(sqrt(second), epsilon))), first, second];
    },
    wgsl: `
      m += ${1 - beta1} * (gradient - m);
      v += ${1 - beta2} * (gradient * gradient - v);
      weight -= rate * m / (sqrt(v) + ${epsilon});`,
    // The operation corrects the rate by the powers of β itself: 0 leaves the rate that is given, which is corrected already.
    fused: {
      op: 'ResourceApplyAdam',
      operands: ({ rate, gradient }) => [0, 0, rate, beta1, beta2, epsilon, gradient],
    },
  };
  return createOptimizer(name, module, rule);
}
