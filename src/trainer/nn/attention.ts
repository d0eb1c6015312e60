import type { Tensor1D, Tensor2D, Tensor3D, Tensor4D, Variable } from '@tensorflow/tfjs-core';
import { matMul, mul, reshape, transpose } from '@tensorflow/tfjs-core';
import { glorotUniform, zeros } from './initializers.js';
import type { VariableScope } from './module.js';
import { addBias } from './ops/add-bias.js';
import { softMax } from './ops/soft-max.js';

/** Sizes of an attention: `channels` in and out, `heads` heads of `headSize` channels each. */
export interface MultiHeadOptions {
  readonly channels: number;
  readonly heads: number;
  readonly headSize: number;
}

/** Scaled dot-product attention (Vaswani et al. 2017): for each of the queries [..., Q, d] a mean of the values [..., K, d]. */
export function attend<T extends Tensor3D | Tensor4D>(queries: T, keys: T, values: T): T {
  const likeness = mul(matMul(queries, keys, false, true), 1 / Math.sqrt(queries.shape.at(-1) as number));
  return matMul(softMax(likeness), values) as T;
}

/**
 * Self-attention with several heads, as Keras' MultiHeadAttention: makes `query`, `key`, `value` and `output`, and returns
 * x [N, T, channels] → [N, T, channels].
 */
export function multiHeadAttention(
  scope: VariableScope,
  { channels, heads, headSize }: MultiHeadOptions,
): (x: Tensor3D) => Tensor3D {
  const inner = heads * headSize;
  const [toQueries, toKeys, toValues] = ['query', 'key', 'value'].map((name) =>
    project(scope.scope(name), channels, inner),
  ) as [Projection, Projection, Projection];
  const toOutput = project(scope.scope('output'), inner, channels);
  return (x) => {
    const [lines, steps] = x.shape;
    const perHead = (projected: Tensor3D) =>
      transpose(reshape(projected, [lines, steps, heads, headSize]), [0, 2, 1, 3]) as Tensor4D;
    const mixed = attend(perHead(toQueries(x)), perHead(toKeys(x)), perHead(toValues(x)));
    return toOutput(reshape(transpose(mixed, [0, 2, 1, 3]), [lines, steps, inner]));
  };
}

/** A dense layer on each step of a sequence. */
export type Projection = (x: Tensor3D) => Tensor3D;

/** Makes `kernel` [inputs, units] and `bias` and returns x [N, T, inputs] → [N, T, units]. */
export function project(scope: VariableScope, inputs: number, units: number): Projection {
  const kernel = scope.weight('kernel', [inputs, units], glorotUniform) as Variable & Tensor2D;
  const bias = scope.weight('bias', [units], zeros) as Variable & Tensor1D;
  return (x) => {
    const [lines, steps] = x.shape;
    const rows = reshape(x, [lines * steps, inputs]) as Tensor2D;
    return reshape(addBias(matMul(rows, kernel), bias), [lines, steps, units]);
  };
}
