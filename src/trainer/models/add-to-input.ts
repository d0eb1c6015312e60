import type { Tensor4D } from '@tensorflow/tfjs-core';
import { add, mul, sigmoid, sub, tidy } from '@tensorflow/tfjs-core';
import { conv2d } from '../nn/conv2d.js';
import { uniformWithin } from '../nn/initializers.js';
import type { Pass, VariableScope } from '../nn/module.js';

/** Steepness of the sigmoid around mid-grey with which the input passes to the output, before anything is learned. */
const inputContrast = 8;

/**
 * The outside of every generator: turns `features` of the ink (1 where it is, so that the zeros that pad the border mean
 * paper), of `width` channels, into what is added to the degraded image. Training starts from that image rather than from
 * noise. Makes the `head`.
 */
export function addToInput(
  root: VariableScope,
  width: number,
  features: (ink: Tensor4D, pass: Pass) => Tensor4D,
): (degraded: Tensor4D, pass: Pass) => Tensor4D {
  const head = conv2d(root.scope('head'), {
    inputs: width,
    filters: 1,
    size: 1,
    bias: true,
    initialize: uniformWithin(0.05),
  });
  return (degraded, pass) =>
    tidy(() => {
      const learned = head(features(sub(1, degraded), pass));
      return sigmoid(add(learned, mul(sub(degraded, 0.5), inputContrast)));
    });
}
