import type { Tensor2D, Tensor3D, Variable } from '@tensorflow/tfjs-core';
import { uniformWithin } from './initializers.js';
import type { VariableScope } from './module.js';
import { lookUp } from './ops/look-up.js';

/** Makes `embeddings` [rows, size] and returns the look-up: int32 indices [N, L] → [N, L, size]. */
export function embedding(scope: VariableScope, rows: number, size: number): (indices: Tensor2D) => Tensor3D {
  const table = scope.weight('embeddings', [rows, size], uniformWithin(0.05)) as Variable & Tensor2D;
  return (indices) => lookUp(table, indices);
}
