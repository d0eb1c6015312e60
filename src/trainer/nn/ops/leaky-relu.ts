import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import { fill, mul, prelu, step } from '@tensorflow/tfjs-core';
import { isOnTensorflow, runOp } from '../../backends/tensorflow-ops.js';
import { runRectifier, runRectifierGradient } from '../../backends/webgpu-kernels/elementwise.js';
import { isOnWebgpu } from '../../backends/webgpu-kernels/run-shader.js';
import { withGradient } from './with-gradient.js';

/** Slope of the negative half everywhere in our networks. */
export const slope = 0.2;

const kernel = { types: { T: 'float32' }, floats: { alpha: slope } } as const;

/**
 * Leaky rectifier, any rank, float32. Not tfjs's `leakyRelu`: on wasm its kernel is ten times slower than `prelu`, and its
 * gradient builds a mask and a select.
 */
export function leakyRelu<T extends Tensor>(x: T): T {
  return withGradient<T>([x], {
    forward: () => {
      const value = rectify(x);
      return { value, saved: [value] };
    },
    backward: (dy, [y = dy]) => [rectifyGradient(dy, y)],
  });
}

/** The leaky rectifier without a gradient. */
export function rectify<T extends Tensor>(x: T): T {
  if (isOnTensorflow()) return runOp('LeakyRelu', [x], kernel)[0] as T;
  if (isOnWebgpu()) return runRectifier(x, slope) as T;
  return prelu<Tensor>(x, slopes(x.shape.at(-1) ?? 1)) as T;
}

/** The slope of the negative half for each channel, as `prelu` wants it. */
export function slopes(channels: number): Tensor1D {
  return fill([channels], slope);
}

/** Gradient of the leaky rectifier from its output, whose sign is that of its input. */
export function rectifyGradient<T extends Tensor>(dy: T, y: Tensor): T {
  if (isOnTensorflow()) return runOp('LeakyReluGrad', [dy, y], kernel)[0] as T;
  if (isOnWebgpu()) return runRectifierGradient(dy, y, slope) as T;
  return mul<Tensor>(dy, step(y, slope)) as T;
}
