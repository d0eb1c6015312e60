import type { Tensor4D } from '@tensorflow/tfjs-core';
import { add, mul, sigmoid } from '@tensorflow/tfjs-core';
import { batchNorm, normRectify } from '../nn/batch-norm.js';
import { conv2d } from '../nn/conv2d.js';
import type { Pass, VariableScope } from '../nn/module.js';
import { leakyRelu } from '../nn/ops/leaky-relu.js';
import { repeatPixels } from '../nn/ops/resample.js';

/** Lets through of the encoder's features what the decoder's, of the same size, point at. */
export type AttentionGate = (skip: Tensor4D, decoded: Tensor4D, pass: Pass) => Tensor4D;

/**
 * Additive attention gate (Attention U-Net, Oktay et al. 2018): σ(ψ(rectified sum of both, brought to `inner` channels)) is
 * the share of each pixel that passes.
 */
export function attentionGate(scope: VariableScope, skip: number, decoded: number, inner: number): AttentionGate {
  const ofSkip = conv2d(scope.scope('skip'), { inputs: skip, filters: inner, size: 1 });
  const ofDecoded = conv2d(scope.scope('decoded'), { inputs: decoded, filters: inner, size: 1 });
  const skipNorm = batchNorm(scope.scope('skip_norm'), inner);
  const decodedNorm = batchNorm(scope.scope('decoded_norm'), inner);
  const toShare = conv2d(scope.scope('share'), { inputs: inner, filters: 1, size: 1 });
  const shareNorm = batchNorm(scope.scope('share_norm'), 1);
  return (x, gate, pass) => {
    const both = add<Tensor4D>(skipNorm.apply(ofSkip(x), pass), decodedNorm.apply(ofDecoded(gate), pass));
    return mul(x, sigmoid(shareNorm.apply(toShare(leakyRelu(both)), pass)));
  };
}

/** Doubles width and height: repeated pixels, then a 2 × 2 convolution with batch norm and leaky rectifier. */
export function upsample(scope: VariableScope, inputs: number, filters: number): (x: Tensor4D, pass: Pass) => Tensor4D {
  const convolve = conv2d(scope.scope('conv'), { inputs, filters, size: 2 });
  const norm = normRectify(scope.scope('norm'), filters);
  return (x, pass) => norm.apply(convolve(repeatPixels(x, [2, 2])), pass);
}
