import type { Tensor4D } from '@tensorflow/tfjs-core';
import { add } from '@tensorflow/tfjs-core';
import { conv2d } from '../nn/conv2d.js';
import { lineNorm } from '../nn/layer-norm.js';
import type { VariableScope } from '../nn/module.js';
import { leakyRelu } from '../nn/ops/leaky-relu.js';

/** Residual block of two 3 × 3 convolutions (He et al. 2016) that normalises each line for itself. */
export function residualLine(scope: VariableScope, inputs: number, filters: number): (x: Tensor4D) => Tensor4D {
  const first = conv2d(scope.scope('conv0'), { inputs, filters, size: 3 });
  const firstNorm = lineNorm(scope.scope('norm0'), filters);
  const second = conv2d(scope.scope('conv1'), { inputs: filters, filters, size: 3 });
  const secondNorm = lineNorm(scope.scope('norm1'), filters);
  const shortcut =
    inputs === filters ? (x: Tensor4D) => x : conv2d(scope.scope('shortcut'), { inputs, filters, size: 1, bias: true });
  return (x) => {
    const hidden = second(leakyRelu(firstNorm(first(x))));
    return leakyRelu(add(secondNorm(hidden), shortcut(x)));
  };
}
