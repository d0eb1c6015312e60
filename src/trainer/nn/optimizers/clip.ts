import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import { addN, div, minimum, mul, sqrt, square, sum, tidy } from '@tensorflow/tfjs-core';
import { computeOnHost, isOnHost } from '../../backends/host.js';
import { isOnTensorflow, runOp } from '../../backends/tensorflow-ops.js';
import { normOfAll } from '../../backends/webgpu-kernels/norm.js';
import { isOnWebgpu } from '../../backends/webgpu-kernels/run-shader.js';
import type { Gradients } from './optimizer.js';

/** √ of the sum of squares of all gradients, as a scalar tensor. */
export function globalNorm(gradients: Gradients): Scalar {
  const all = [...gradients.values()];
  if (isOnTensorflow()) return tidy(() => sqrt(mul(addN(all.map(halfOfSquares)), 2)));
  if (isOnWebgpu()) return normOfAll(all);
  if (!isOnHost()) return tidy(() => sqrt(addN(all.map((gradient) => sum<Scalar>(square(gradient))))));
  const [norm] = computeOnHost(all, [[]], ([out], arrays) => {
    (out as Float32Array)[0] = Math.sqrt(arrays.reduce((total, array) => total + sumOfSquares(array), 0));
  });
  return norm as Scalar;
}

/**
 * Factor that brings a global norm down to `limit` (Pascanu et al. 2013), at most 1, as a tensor: a step need not wait for the
 * norm. Undefined without a limit, which is 0.
 */
export function clipScale(norm: Tensor, limit: number): Scalar | undefined {
  return limit > 0 ? tidy(() => minimum<Scalar>(1, div(limit, norm))) : undefined;
}

function sumOfSquares(values: Float32Array): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += (values[i] as number) * (values[i] as number);
  return total;
}

function halfOfSquares(gradient: Tensor): Scalar {
  return runOp('L2Loss', [gradient], { types: { T: 'float32' } })[0] as Scalar;
}
