import type { Tensor4D } from '@tensorflow/tfjs-core';
import { conv2d, conv2dTranspose } from '@tensorflow/tfjs-core';
import { shiftChannels } from './channels.js';
import type { FrozenConvolution } from './frozen-conv.js';
import { withGradient } from './with-gradient.js';

/** "Same" convolution and bias that no longer change, with a stride for each axis; only x has a gradient. */
export function frozenFilter(
  x: Tensor4D,
  { kernel, bias }: FrozenConvolution,
  strides: [rows: number, columns: number],
): Tensor4D {
  return withGradient<Tensor4D>([x], {
    forward: () => ({ value: shiftChannels(conv2d(x, kernel, strides, 'same'), bias), saved: [kernel] }),
    backward: (dy, [weights]) => [conv2dTranspose(dy, weights as Tensor4D, x.shape, strides, 'same')],
  });
}
