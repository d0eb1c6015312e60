import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import { mul, reshape, tensor1d } from '@tensorflow/tfjs-core';
import { runOp } from '../../backends/tensorflow-ops.js';
import { rectify, rectifyGradient } from './leaky-relu.js';
import type { Normalization } from './normalization.js';
import { withGradient } from './with-gradient.js';

const types = { T: 'float32', U: 'float32' } as const;
const strings = { data_format: 'NHWC' } as const;
const bools = { is_training: true } as const;

type Saved = [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor?];

/** Batch normalisation, and the rectifier when asked for, by TensorFlow's own operations; on the tensorflow backend only. */
export function normalizeNatively<T extends Tensor>(x: T, normalization: Normalization, rectifies: boolean): T {
  const { gamma, beta, epsilon, onStatistics } = normalization;
  const attributes = { types, strings, bools, floats: { epsilon } };
  const count = x.size / gamma.size;
  // The operation takes images only.
  const toImages = (values: Tensor) => (values.rank === 4 ? values : reshape(values, [1, 1, count, gamma.size]));
  const fromImages = (values: Tensor) => (x.rank === 4 ? values : reshape(values, x.shape)) as T;
  return withGradient<T>([x, gamma, beta], {
    forward: () => {
      const images = toImages(x);
      // Without statistics of its own it takes those of the batch.
      const inputs = [images, gamma, beta, tensor1d([]), tensor1d([])];
      const made = runOp('FusedBatchNormV3', inputs, { ...attributes, outputs: 6 });
      const [straight, mean, variance, ...reserved] = made as [Tensor, Tensor1D, Tensor1D, ...Tensor[]];
      const value = rectifies ? rectify(straight) : straight;
      // It estimates the variance of the population.
      onStatistics({ mean, variance: mul(variance, (count - 1) / count) });
      return { value: fromImages(value), saved: [images, gamma, ...reserved, ...(rectifies ? [value] : [])] };
    },
    backward: (dy, saved) => {
      const [images, scale, mean, variance, other, value] = saved as Saved;
      const dOut = toImages(dy);
      const dStraight = value === undefined ? dOut : rectifyGradient(dOut, value);
      const inputs = [dStraight, images, scale, mean, variance, other];
      const made = runOp('FusedBatchNormGradV3', inputs, { ...attributes, outputs: 5 });
      const [dx, dGamma, dBeta] = made as [Tensor, Tensor, Tensor];
      return [fromImages(dx), dGamma, dBeta];
    },
  });
}
