import type { Tensor } from '@tensorflow/tfjs-core';
import { runBatchNorm, runBatchNormGradient } from '../../backends/webgpu-kernels/batch-norm.js';
import { slope } from './leaky-relu.js';
import type { Normalization } from './normalization.js';
import { withGradient } from './with-gradient.js';

/** Batch normalisation, and the rectifier when asked for, by programs of ours; on the webgpu backend only. */
export function normalizeOnWebgpu<T extends Tensor>(x: T, normalization: Normalization, rectifies: boolean): T {
  const { gamma, beta, epsilon, onStatistics } = normalization;
  const after = rectifies ? slope : undefined;
  return withGradient<T>([x, gamma, beta], {
    forward: () => {
      const { value, mean, variance, statistics } = runBatchNorm(x, gamma, beta, epsilon, after);
      onStatistics({ mean, variance });
      return { value: value as T, saved: [x, statistics, gamma, ...(rectifies ? [value] : [])] };
    },
    backward: (dy, saved) => {
      const [input, statistics, scale, value] = saved as [Tensor, Tensor, Tensor, Tensor?];
      return runBatchNormGradient(dy, input, statistics, scale, value, after);
    },
  });
}
