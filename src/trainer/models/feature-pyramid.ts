import type { Tensor4D, Variable } from '@tensorflow/tfjs-core';
import { normRectify } from '../nn/batch-norm.js';
import { heUniform } from '../nn/initializers.js';
import { joinedConv2d } from '../nn/joined-conv2d.js';
import type { Pass, VariableScope } from '../nn/module.js';
import { dilatedConv2d } from '../nn/ops/dilate.js';

/** Distances between the pixels that the 3 × 3 windows read. */
const rates = [1, 2, 4] as const;

/**
 * Features at several scales: 3 × 3 convolutions with windows of different width side by side (Chen et al. 2018, "atrous
 * spatial pyramid"), joined by a 1 × 1 convolution; each with batch norm and leaky rectifier.
 */
export function featurePyramid(
  scope: VariableScope,
  inputs: number,
  filters: number,
): (x: Tensor4D, pass: Pass) => Tensor4D {
  const scales = rates.map((rate) => {
    const own = scope.scope(`rate${rate}`);
    const kernel = own.weight('kernel', [3, 3, inputs, filters], heUniform) as Variable & Tensor4D;
    const norm = normRectify(own.scope('norm'), filters);
    return (x: Tensor4D, pass: Pass) => norm.apply(dilatedConv2d(x, kernel, rate), pass);
  });
  const join = joinedConv2d(scope.scope('join'), { widths: rates.map(() => filters), filters, size: 1 });
  const joinNorm = normRectify(scope.scope('join').scope('norm'), filters);
  return (x, pass) => {
    const features = scales.map((scale) => scale(x, pass));
    return joinNorm.apply(join(features), pass);
  };
}
