import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import { add, mul, neg, rsqrt, square } from '@tensorflow/tfjs-core';
import { isOnTensorflow } from '../../backends/tensorflow-ops.js';
import { isOnWebgpu } from '../../backends/webgpu-kernels/run-shader.js';
import { meanChannels, scaleChannels, shiftChannels, subtractChannels } from './channels.js';
import { rectify, rectifyGradient } from './leaky-relu.js';
import type { Normalization } from './normalization.js';
import { normalizeNatively } from './normalize-native.js';
import { normalizeOnWebgpu } from './normalize-webgpu.js';
import { withGradient } from './with-gradient.js';

/**
 * Batch normalisation with the batch's own statistics (Ioffe and Szegedy 2015), then the leaky rectifier, as one operation
 * with the closed-form gradient; x is [..., channels].
 */
export function normalizeRectify<T extends Tensor>(x: T, normalization: Normalization): T {
  return normalize(x, normalization, true);
}

/** The same without the rectifier. */
export function normalizeChannels<T extends Tensor>(x: T, normalization: Normalization): T {
  return normalize(x, normalization, false);
}

function normalize<T extends Tensor>(x: T, normalization: Normalization, rectifies: boolean): T {
  if (isOnTensorflow()) return normalizeNatively(x, normalization, rectifies);
  if (isOnWebgpu()) return normalizeOnWebgpu(x, normalization, rectifies);
  const { gamma, beta, epsilon, onStatistics } = normalization;
  const count = x.size / gamma.size;
  return withGradient<T>([x, gamma, beta], {
    forward: () => {
      const mean = meanChannels(x);
      const centred = subtractChannels(x, mean);
      const variance = meanChannels(square(centred));
      const inverse = rsqrt(add(variance, epsilon)) as Tensor1D;
      const normal = scaleChannels(centred, inverse);
      const straight = shiftChannels(scaleChannels(normal, gamma), beta);
      const value = rectifies ? rectify(straight) : straight;
      onStatistics({ mean, variance });
      return { value, saved: rectifies ? [normal, gamma, inverse, value] : [normal, gamma, inverse] };
    },
    backward: (dy, saved) => normalizationGradient(dy, saved as [T, Tensor1D, Tensor1D, T?], count),
  });
}

/** The output is saved where a rectifier follows the normalisation. */
function normalizationGradient<T extends Tensor>(dy: T, saved: [T, Tensor1D, Tensor1D, T?], count: number): Tensor[] {
  const [normal, gamma, inverse, value] = saved;
  const dRectified = value === undefined ? dy : rectifyGradient(dy, value);
  const meanRectified = meanChannels(dRectified);
  const meanProduct = meanChannels(mul(dRectified, normal));
  // dx = γ/σ · (dy − mean(dy) − x̂ · mean(dy · x̂)), with everything that is constant in a channel multiplied first.
  const scale = mul<Tensor1D>(gamma, inverse);
  const slope = neg(mul<Tensor1D>(scale, meanProduct));
  const shift = neg(mul<Tensor1D>(scale, meanRectified));
  const dx = shiftChannels(add(scaleChannels(dRectified, scale), scaleChannels(normal, slope)), shift);
  return [dx, mul(meanProduct, count), mul(meanRectified, count)];
}
