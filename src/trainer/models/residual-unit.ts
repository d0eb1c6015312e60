import type { Tensor4D } from '@tensorflow/tfjs-core';
import { add } from '@tensorflow/tfjs-core';
import { batchNorm, normRectify } from '../nn/batch-norm.js';
import { conv2d } from '../nn/conv2d.js';
import { joinedConv2d } from '../nn/joined-conv2d.js';
import type { VariableScope } from '../nn/module.js';
import { leakyRelu } from '../nn/ops/leaky-relu.js';
import type { Block } from './residual-block.js';

/**
 * Residual block as in He et al. 2016: two 3 × 3 convolutions with batch norm, the input added before the last leaky
 * rectifier, through a 1 × 1 convolution with batch norm where the widths differ. Several inputs count as one concatenated
 * input.
 */
export function residualUnit(scope: VariableScope, widths: readonly number[], filters: number): Block {
  const first = joinedConv2d(scope.scope('conv0'), { widths, filters, size: 3 });
  const firstNorm = normRectify(scope.scope('norm0'), filters);
  const second = conv2d(scope.scope('conv1'), { inputs: filters, filters, size: 3 });
  const secondNorm = batchNorm(scope.scope('norm1'), filters);
  const shortcut = widths.length === 1 && widths[0] === filters ? ownInput : projection(scope, widths, filters);
  return (inputs, pass) => {
    const hidden = second(firstNorm.apply(first(inputs), pass));
    return leakyRelu(add(secondNorm.apply(hidden, pass), shortcut(inputs, pass)));
  };
}

const ownInput: Block = ([input]) => input as Tensor4D;

/** A 1 × 1 convolution with batch norm, which brings inputs to one width. */
export function projection(scope: VariableScope, widths: readonly number[], filters: number): Block {
  const convolve = joinedConv2d(scope.scope('shortcut'), { widths, filters, size: 1 });
  const norm = batchNorm(scope.scope('shortcut_norm'), filters);
  return (inputs, pass) => norm.apply(convolve(inputs), pass);
}
