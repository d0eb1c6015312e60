import type { Tensor1D, Tensor2D, Variable } from '@tensorflow/tfjs-core';
import { matMul } from '@tensorflow/tfjs-core';
import type { Initializer } from './initializers.js';
import { glorotUniform, zeros } from './initializers.js';
import type { VariableScope } from './module.js';
import { addBias } from './ops/add-bias.js';

/** Shape of a fully connected layer. */
export interface DenseOptions {
  readonly inputs: number;
  readonly units: number;
  readonly initialize?: Initializer;
}

/** Makes `kernel` [inputs, units] and `bias` and returns x [rows, inputs] → x · kernel + bias [rows, units]. */
export function dense(scope: VariableScope, options: DenseOptions): (x: Tensor2D) => Tensor2D {
  const { inputs, units, initialize = glorotUniform } = options;
  const kernel = scope.weight('kernel', [inputs, units], initialize) as Variable & Tensor2D;
  const bias = scope.weight('bias', [units], zeros) as Variable & Tensor1D;
  return (x) => addBias(matMul(x, kernel), bias);
}
