import type { Tensor, Tensor1D, Tensor4D } from '@tensorflow/tfjs-core';
import { add, avgPool, getBackend, mean, mul, reshape, sub } from '@tensorflow/tfjs-core';
import { computeOnHost } from '../../backends/host.js';
import { isOnTensorflow, runOp } from '../../backends/tensorflow-ops.js';
import { runChannelSums } from '../../backends/webgpu-kernels/channel-sums.js';
import { isOnWebgpu } from '../../backends/webgpu-kernels/run-shader.js';

/** Length, in values, that a per-channel vector is repeated to on wasm: the fastest row for its broadcasting. */
const rowLength = 128;

const kernel = { types: { T: 'float32' } } as const;

/** x · scale for each channel (the last axis). */
export function scaleChannels<T extends Tensor>(x: T, scale: Tensor1D): T {
  return byRows(mul, x, scale);
}

/** x + shift for each channel. */
export function shiftChannels<T extends Tensor>(x: T, shift: Tensor1D): T {
  // TensorFlow fuses this one with the convolution before it.
  if (isOnTensorflow() && x.rank > 1) return runOp('BiasAdd', [x, shift], kernel)[0] as T;
  return byRows(add, x, shift);
}

/** x − shift for each channel. */
export function subtractChannels<T extends Tensor>(x: T, shift: Tensor1D): T {
  return byRows(sub, x, shift);
}

/** Sum of each channel over all other axes. */
export function sumChannels(x: Tensor): Tensor1D {
  if (isOnTensorflow() && x.rank > 1) return runOp('BiasAddGrad', [x], kernel)[0] as Tensor1D;
  if (isOnWebgpu()) return runChannelSums(x);
  return mul<Tensor1D>(meanChannels(x), x.size / (x.shape.at(-1) ?? 1));
}

/** Mean of each channel over all other axes. */
export function meanChannels(x: Tensor): Tensor1D {
  const channels = x.shape.at(-1) ?? 1;
  const pixels = x.size / channels;
  if (getBackend() !== 'wasm') return mean<Tensor1D>(reshape(x, [pixels, channels]), 0);
  // wasm reduces the last axis only, after a transposition; pooling over the whole image is up to thirty times faster.
  const pooled = avgPool(reshape(x, [1, pixels, 1, channels]) as Tensor4D, [pixels, 1], 1, 'valid');
  return reshape(pooled, [channels]);
}

function byRows<T extends Tensor>(op: (a: Tensor, b: Tensor) => Tensor, x: T, vector: Tensor1D): T {
  const channels = vector.size;
  const repeats = getBackend() === 'wasm' ? rowRepeats(x.size / channels, channels) : 1;
  if (repeats === 1) return op(x, vector) as T;
  // wasm broadcasts a vector with one call for each row: repeat it, and take many pixels as one row.
  const rows = reshape(x, [-1, repeats * channels]);
  return reshape(op(rows, repeat(vector, repeats)), x.shape) as T;
}

function repeat(vector: Tensor1D, times: number): Tensor {
  const [repeated] = computeOnHost([vector], [[times * vector.size]], ([out], [values]) => {
    for (let start = 0; start < times * vector.size; start += vector.size) out?.set(values as Float32Array, start);
  });
  return repeated as Tensor;
}

function rowRepeats(pixels: number, channels: number): number {
  let repeats = 1;
  while (pixels % (repeats * 2) === 0 && repeats * 2 * channels <= rowLength) repeats *= 2;
  return repeats;
}
