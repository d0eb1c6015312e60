import type { Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import { add, concat, mul, reshape, sigmoid } from '@tensorflow/tfjs-core';
import { conv2d } from '../nn/conv2d.js';
import { dense } from '../nn/dense.js';
import { heUniform } from '../nn/initializers.js';
import type { VariableScope } from '../nn/module.js';
import { leakyRelu } from '../nn/ops/leaky-relu.js';
import { maxAlong, meanAlong } from '../nn/ops/pool.js';

/** The channel attention's inner layer is so many times narrower. */
const reduction = 8;
const windowSize = 7;

/**
 * Convolutional block attention module (Woo et al. 2018) on `channels` channels: a factor for each channel, from its mean and
 * maximum over the image through one small network; then a factor for each pixel, from its mean and maximum over the channels.
 */
export function cbam(scope: VariableScope, channels: number): (x: Tensor4D) => Tensor4D {
  const ofChannels = channelFactors(scope.scope('channel'), channels);
  const ofPixels = spatialFactors(scope.scope('spatial'));
  return (x) => {
    const weighted = mul<Tensor4D>(x, ofChannels(x));
    return mul(weighted, ofPixels(weighted));
  };
}

function channelFactors(scope: VariableScope, channels: number): (x: Tensor4D) => Tensor4D {
  const inner = Math.max(1, Math.floor(channels / reduction));
  const squeeze = dense(scope.scope('squeeze'), { inputs: channels, units: inner, initialize: heUniform });
  const excite = dense(scope.scope('excite'), { inputs: inner, units: channels });
  const through = (pooled: Tensor4D) => excite(leakyRelu(squeeze(reshape(pooled, [-1, channels]) as Tensor2D)));
  return (x) => {
    const factors = sigmoid(add(through(meanAlong(x, [1, 2])), through(maxAlong(x, [1, 2]))));
    return reshape(factors, [-1, 1, 1, channels]);
  };
}

/** A factor for each pixel [N, height, width, 1]; makes one convolution. */
export function spatialFactors(scope: VariableScope): (x: Tensor4D) => Tensor4D {
  const convolve = conv2d(scope, { inputs: 2, filters: 1, size: windowSize, bias: true });
  return (x) => sigmoid(convolve(concat([meanAlong(x, [3]), maxAlong(x, [3])], 3)));
}
