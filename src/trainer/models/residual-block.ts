import type { Tensor4D } from '@tensorflow/tfjs-core';
import { add } from '@tensorflow/tfjs-core';
import { normRectify } from '../nn/batch-norm.js';
import { conv2d } from '../nn/conv2d.js';
import { heUniformShared } from '../nn/initializers.js';
import type { Pass, VariableScope } from '../nn/module.js';

/** Images with the same size and several widths in, one image out. */
export type Block = (inputs: readonly Tensor4D[], pass: Pass) => Tensor4D;

/**
 * Two 3 × 3 convolutions, each with batch norm and leaky rectifier, beside a 1 × 1 shortcut (He et al. 2016). Several inputs
 * count as one concatenated input.
 */
export function residualBlock(scope: VariableScope, widths: readonly number[], filters: number): Block {
  const first = convolveConcatenated(scope.scope('conv0'), widths, filters, 3);
  const firstNorm = normRectify(scope.scope('norm0'), filters);
  const second = conv2d(scope.scope('conv1'), { inputs: filters, filters, size: 3 });
  const secondNorm = normRectify(scope.scope('norm1'), filters);
  const shortcut = convolveConcatenated(scope.scope('shortcut'), widths, filters, 1);
  return (inputs, pass) => {
    const hidden = firstNorm.apply(first(inputs), pass);
    return add(secondNorm.apply(second(hidden), pass), shortcut(inputs));
  };
}

/**
 * The convolution of concatenated inputs as a sum of convolutions, which is the same: concatenating channels and slicing
 * their gradient costs more than the convolutions on wasm.
 */
function convolveConcatenated(scope: VariableScope, widths: readonly number[], filters: number, size: number) {
  const convolutions = widths.map((inputs, index) => {
    const part = widths.length === 1 ? scope : scope.scope(`part${index}`);
    return conv2d(part, { inputs, filters, size, initialize: heUniformShared(1 / widths.length) });
  });
  return (inputs: readonly Tensor4D[]) =>
    convolutions.map((convolve, index) => convolve(inputs[index] as Tensor4D)).reduce((sum, part) => add(sum, part));
}
