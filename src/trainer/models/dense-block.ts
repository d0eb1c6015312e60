import type { Tensor4D } from '@tensorflow/tfjs-core';
import { add } from '@tensorflow/tfjs-core';
import { normRectify } from '../nn/batch-norm.js';
import { joinedConv2d } from '../nn/joined-conv2d.js';
import type { VariableScope } from '../nn/module.js';
import type { Block } from './residual-block.js';
import { projection } from './residual-unit.js';

/** Width of a residual dense block, the channels that each of its layers adds, and their number. */
export interface DenseBlockOptions {
  readonly filters: number;
  readonly growth: number;
  readonly layers: number;
}

/**
 * Residual dense block (Zhang et al. 2018): each 3 × 3 convolution reads all that was there before it; a 1 × 1 convolution
 * joins them, and the input is added. Inputs of other widths are projected first.
 */
export function denseBlock(
  scope: VariableScope,
  inputs: readonly number[],
  { filters, growth, layers }: DenseBlockOptions,
): Block {
  const toWidth = inputs.length === 1 && inputs[0] === filters ? undefined : projection(scope, inputs, filters);
  const widths = [filters, ...Array.from({ length: layers }, () => growth)];
  const convolutions = Array.from({ length: layers }, (_, layer) => ({
    convolve: joinedConv2d(scope.scope(`conv${layer}`), {
      widths: widths.slice(0, layer + 1),
      filters: growth,
      size: 3,
    }),
    norm: normRectify(scope.scope(`norm${layer}`), growth),
  }));
  const join = joinedConv2d(scope.scope('join'), { widths, filters, size: 1, bias: true });
  return (images, pass) => {
    const input = toWidth === undefined ? (images[0] as Tensor4D) : toWidth(images, pass);
    const features = [input];
    for (const { convolve, norm } of convolutions) features.push(norm.apply(convolve(features), pass));
    return add(input, join(features));
  };
}
