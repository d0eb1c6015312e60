import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import { add, matMul, mul, ones, reshape, sub, tile } from '@tensorflow/tfjs-core';

/** Longest row, in values, that a per-channel vector is repeated to. */
const longestRow = 1024;

/** x · scale for each channel (the last axis). */
export function scaleChannels<T extends Tensor>(x: T, scale: Tensor1D): T {
  return byRows(mul, x, scale);
}

/** x + shift for each channel. */
export function shiftChannels<T extends Tensor>(x: T, shift: Tensor1D): T {
  return byRows(add, x, shift);
}

/** x − shift for each channel. */
export function subtractChannels<T extends Tensor>(x: T, shift: Tensor1D): T {
  return byRows(sub, x, shift);
}

/** Sum of each channel over all other axes: a matrix product with ones, which is several times faster than a reduction on wasm. */
export function sumChannels(x: Tensor): Tensor1D {
  const channels = x.shape.at(-1) ?? 1;
  const repeats = rowRepeats(x.size / channels, channels);
  const rows = x.size / (channels * repeats);
  const partial = matMul(ones([1, rows]), reshape(x, [rows, repeats * channels]));
  const total = repeats === 1 ? partial : matMul(ones([1, repeats]), reshape(partial, [repeats, channels]));
  return reshape(total, [channels]);
}

/** Broadcasting a short vector is slow on wasm (one call for each pixel): repeat it and treat many pixels as one row. */
function byRows<T extends Tensor>(op: (a: Tensor, b: Tensor) => Tensor, x: T, vector: Tensor1D): T {
  const channels = vector.size;
  const repeats = rowRepeats(x.size / channels, channels);
  if (repeats === 1) return op(x, vector) as T;
  const rows = reshape(x, [-1, repeats * channels]);
  return reshape(op(rows, tile(vector, [repeats])), x.shape) as T;
}

function rowRepeats(pixels: number, channels: number): number {
  let repeats = 1;
  while (pixels % (repeats * 2) === 0 && repeats * 2 * channels <= longestRow) repeats *= 2;
  return repeats;
}
