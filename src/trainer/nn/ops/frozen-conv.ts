import type { Tensor, Tensor1D, Tensor4D } from '@tensorflow/tfjs-core';
import { conv2d, conv2dTranspose, engine, FusedConv2D } from '@tensorflow/tfjs-core';
import { isOnTensorflow } from '../../backends/tensorflow-ops.js';
import { shiftChannels } from './channels.js';
import { rectify, rectifyGradient, slopes } from './leaky-relu.js';
import { withGradient } from './with-gradient.js';

/** Weights of a convolution that no longer changes. */
export interface FrozenConvolution {
  readonly kernel: Tensor4D;
  readonly bias: Tensor1D;
}

/** "Same" convolution, bias and leaky rectifier in one kernel; only x has a gradient. */
export function frozenConvRectify(x: Tensor4D, { kernel, bias }: FrozenConvolution): Tensor4D {
  return withGradient<Tensor4D>([x], {
    forward: () => {
      // Not `tf.fused.conv2d`: under a gradient it falls back to three kernels. TensorFlow fuses the three by itself.
      const value = isOnTensorflow()
        ? rectify(shiftChannels(conv2d(x, kernel, 1, 'same'), bias))
        : runFused(x, { kernel, bias });
      return { value, saved: [value, kernel] };
    },
    backward: (dy, [y, weights]) => [
      conv2dTranspose(rectifyGradient(dy, y as Tensor4D), weights as Tensor4D, x.shape, 1, 'same'),
    ],
  });
}

function runFused(x: Tensor4D, { kernel, bias }: FrozenConvolution): Tensor4D {
  const inputs = { x, filter: kernel, bias, preluActivationWeights: slopes(bias.size) };
  const attributes = { strides: 1, pad: 'same', dataFormat: 'NHWC', dilations: 1, activation: 'prelu' };
  const value: Tensor = engine().runKernel(FusedConv2D, inputs, attributes);
  return value as Tensor4D;
}
