import type { Tensor1D, Tensor4D, Variable } from '@tensorflow/tfjs-core';
import { conv2d as convolve } from '@tensorflow/tfjs-core';
import type { Initializer } from './initializers.js';
import { heUniform, zeros } from './initializers.js';
import type { VariableScope } from './module.js';
import { addBias } from './ops/add-bias.js';

/** Shape of a convolution; padding is TensorFlow's "same". */
export interface Conv2dOptions {
  readonly inputs: number;
  readonly filters: number;
  /** Side of the square window. */
  readonly size: number;
  readonly stride?: number;
  readonly bias?: boolean;
  readonly initialize?: Initializer;
}

/** Makes `kernel` [size, size, inputs, filters] (and `bias`) and returns the convolution of NHWC images with it. */
export function conv2d(scope: VariableScope, options: Conv2dOptions): (x: Tensor4D) => Tensor4D {
  const { inputs, filters, size, stride = 1, bias = false, initialize = heUniform } = options;
  const kernel = scope.weight('kernel', [size, size, inputs, filters], initialize) as Variable & Tensor4D;
  const run = (x: Tensor4D) => convolve(x, kernel, stride, 'same');
  if (!bias) return run;
  const offset = scope.weight('bias', [filters], zeros) as Variable & Tensor1D;
  return (x) => addBias(run(x), offset);
}
