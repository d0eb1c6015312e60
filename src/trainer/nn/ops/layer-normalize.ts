import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { add, mean, mul, reshape, rsqrt, square, sub } from '@tensorflow/tfjs-core';
import { meanChannels, scaleChannels, shiftChannels, sumChannels } from './channels.js';
import { withGradient } from './with-gradient.js';

/** What {@link layerNormalize} needs beside its input. */
export interface LayerNormalization {
  readonly gamma: Tensor1D;
  readonly beta: Tensor1D;
  readonly epsilon: number;
  /** Equal parts of the input that are normalised each for itself, such as the lines of a batch. */
  readonly parts: number;
}

/**
 * Layer normalisation (Ba et al. 2016) as one operation with the closed-form gradient: each part of x [..., channels] gets the
 * mean 0 and the variance 1 over all its values; then each channel is scaled by gamma and shifted by beta.
 */
export function layerNormalize<T extends Tensor>(x: T, normalization: LayerNormalization): T {
  const { gamma, beta, epsilon, parts } = normalization;
  const toRows = (values: Tensor) => reshape(values, [parts, -1]) as Tensor2D;
  const toImage = (rows: Tensor) => reshape(rows, x.shape) as T;
  return withGradient<T>([x, gamma, beta], {
    forward: () => {
      const rows = toRows(x);
      const centred = sub<Tensor2D>(rows, mean(rows, 1, true));
      const inverse = rsqrt(add(mean(square(centred), 1, true), epsilon));
      const normal = mul<Tensor2D>(centred, inverse);
      return { value: shiftChannels(scaleChannels(toImage(normal), gamma), beta), saved: [normal, inverse, gamma] };
    },
    backward: (dy, saved) => {
      const [normal, inverse, scale] = saved as [Tensor2D, Tensor2D, Tensor1D];
      const slope = toRows(scaleChannels(dy, scale));
      const along = mul<Tensor2D>(normal, mean(mul(slope, normal), 1, true));
      const dx = mul(sub(sub(slope, mean(slope, 1, true)), along), inverse);
      const pixels = x.size / gamma.size;
      return [toImage(dx), mul(meanChannels(mul(dy, toImage(normal))), pixels), sumChannels(dy)];
    },
  });
}
