import type { Tensor4D, Variable } from '@tensorflow/tfjs-core';
import { conv2d, dispose, maxPool, mul, tidy } from '@tensorflow/tfjs-core';
import { batchNorm } from '../nn/batch-norm.js';
import { dropout } from '../nn/dropout.js';
import { heUniform } from '../nn/initializers.js';
import type { Pass, VariableScope } from '../nn/module.js';
import { frozenFilter } from '../nn/ops/frozen-filter.js';
import { gelu } from '../nn/ops/gelu.js';

/** A convolution of the recognizer: channels in units of `filters`, and its share of the dropout rate. */
export interface StageShape {
  readonly factor: number;
  readonly size: number;
  readonly strides: readonly [rows: number, columns: number];
  /** Block of pixels that is pooled behind it. */
  readonly pool: readonly [rows: number, columns: number] | undefined;
  readonly dropout: number;
}

export interface Stage {
  readonly apply: (x: Tensor4D, pass: Pass) => Tensor4D;
  readonly freeze: () => FrozenStage;
}

/** A stage with the running statistics folded into its kernel. */
export interface FrozenStage {
  readonly apply: (x: Tensor4D) => Tensor4D;
  readonly dispose: () => void;
}

/** Convolution without bias, batch norm, GELU, dropout, and pooling; `inputs` are in units of `filters`, 0 for the image. */
export function readingStage(
  scope: VariableScope,
  inputs: number,
  filters: number,
  shape: StageShape,
  rate: number,
): Stage {
  const [first, last] = [inputs * filters || 1, shape.factor * filters];
  const kernel = scope.weight('kernel', [shape.size, shape.size, first, last], heUniform) as Variable & Tensor4D;
  const norm = batchNorm(scope.scope('norm'), last);
  const drop = dropout(scope.path, rate * shape.dropout);
  const strides: [number, number] = [...shape.strides];
  return {
    apply: (x, pass) => pool(drop(gelu(norm.apply(conv2d(x, kernel, strides, 'same'), pass)), pass), shape),
    freeze: () => {
      const { scale, shift } = norm.toAffine();
      const folded = { kernel: tidy(() => mul<Tensor4D>(kernel, scale)), bias: shift };
      scale.dispose();
      return {
        apply: (x) => pool(gelu(frozenFilter(x, folded, strides)), shape),
        dispose: () => dispose([folded.kernel, folded.bias]),
      };
    },
  };
}

function pool(x: Tensor4D, { pool }: StageShape): Tensor4D {
  return pool === undefined ? x : maxPool(x, [...pool], [...pool], 'valid');
}
