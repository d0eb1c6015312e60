import type { Tensor1D, Tensor2D, Tensor3D, Variable } from '@tensorflow/tfjs-core';
import { concat, matMul, reshape } from '@tensorflow/tfjs-core';
import type { Initializer } from './initializers.js';
import { glorotUniform, orthogonal } from './initializers.js';
import type { VariableScope } from './module.js';
import { addBias } from './ops/add-bias.js';
import { lstmSequence } from './ops/lstm-sequence.js';

/** Sizes of an LSTM; `backwards` reads each sequence from its end. */
export interface LstmOptions {
  readonly inputs: number;
  readonly units: number;
  readonly backwards?: boolean;
}

/**
 * An LSTM as in Keras (gates i, f, g, o; forget bias 1): makes `kernel`, `recurrent_kernel` and `bias`, and returns
 * x [N, T, inputs] → hidden states [N, T, units].
 */
export function lstm(scope: VariableScope, options: LstmOptions): (x: Tensor3D) => Tensor3D {
  const { inputs, units, backwards = false } = options;
  const kernel = scope.weight('kernel', [inputs, 4 * units], glorotUniform) as Variable & Tensor2D;
  const recurrent = scope.weight('recurrent_kernel', [units, 4 * units], orthogonal) as Variable & Tensor2D;
  const bias = scope.weight('bias', [4 * units], forgetBias) as Variable & Tensor1D;
  return (x) => {
    const [batch, steps] = x.shape;
    const rows = addBias(matMul(reshape(x, [batch * steps, inputs]) as Tensor2D, kernel), bias);
    return lstmSequence(reshape(rows, [batch, steps, 4 * units]), recurrent, backwards);
  };
}

/** Two LSTMs, one for each direction, side by side: [N, T, inputs] → [N, T, 2·units]. */
export function bidirectionalLstm(
  scope: VariableScope,
  options: { inputs: number; units: number },
): (x: Tensor3D) => Tensor3D {
  const forward = lstm(scope.scope('forward'), options);
  const backward = lstm(scope.scope('backward'), { ...options, backwards: true });
  return (x) => concat([forward(x), backward(x)], 2);
}

const forgetBias: Initializer = ([length = 0]) => {
  const units = length / 4;
  return Float32Array.from({ length }, (_, index) => (index >= units && index < 2 * units ? 1 : 0));
};
