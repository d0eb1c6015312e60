import type { Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';
import {
  argMax,
  cast,
  concat,
  cumsum,
  expandDims,
  fill,
  lessEqual,
  logicalAnd,
  minimum,
  mul,
  notEqual,
  oneHot,
  slice,
  sub,
  sum,
  tidy,
  where,
} from '@tensorflow/tfjs-core';
import { isOnHost } from '../backends/host.js';
import { greedyDecode } from '../metrics/greedy-decode.js';
import { stepArray } from '../nn/step-input.js';

/** Class indices of each line. */
type Lines = readonly Int32Array[];

/** Class indices that the likeliest path through the logits [N, T, classes] spells, for each line. */
export function decodeLines(logits: Tensor3D): Int32Array[] {
  return splitLines(logits.dataSync() as Float32Array, logits.shape);
}

/** The same, without blocking backends that read asynchronously. */
export async function decodeLinesAsync(logits: Tensor3D): Promise<Int32Array[]> {
  return splitLines((await logits.data()) as Float32Array, logits.shape);
}

/**
 * Characters that the discriminator reads of each line of a batch: what the batch says, else what the longest label needs,
 * rounded up to 8, 16, 32, …, so that few batches differ in it.
 */
export function textLength({ labels, textLength }: { readonly labels: Lines; readonly textLength?: number }): number {
  if (textLength !== undefined) return textLength;
  const longest = Math.max(1, ...labels.map(({ length }) => length));
  return Math.max(8, 2 ** Math.ceil(Math.log2(longest)));
}

/**
 * Text as the discriminator reads it: int32 [N, length], class + 1, with zeros in front; what is longer loses its end. In
 * front, because the LSTM's last state is what counts. Lines given as a function are read anew when a step is replayed.
 */
export function toTextTensor(lines: Lines | (() => Lines), length: number): Tensor2D {
  const read = typeof lines === 'function' ? lines : () => lines;
  return stepArray('int32', () => ({ shape: [read().length, length], values: textOf(read(), length) })) as Tensor2D;
}

/** What the likeliest path through the logits spells, as {@link toTextTensor} writes it. */
export function decodeText(logits: Tensor3D, length: number): Tensor2D {
  if (!isOnHost()) return tidy(() => decodeOnDevice(logits, length));
  return toTextTensor(decodeLines(logits), length);
}

function textOf(lines: Lines, length: number): Int32Array {
  const text = new Int32Array(lines.length * length);
  for (const [index, labels] of lines.entries()) {
    const shown = labels.subarray(0, length);
    for (const [at, label] of shown.entries()) text[(index + 1) * length - shown.length + at] = label + 1;
  }
  return text;
}

/** With tensor operations, so that the step waits for no transfer: each character is summed into its place. */
function decodeOnDevice(logits: Tensor3D, length: number): Tensor2D {
  const [lines, steps, classes] = logits.shape;
  const path = argMax<Tensor2D>(logits, 2);
  const before = concat([fill([lines, 1], -1, 'int32'), slice(path, [0, 0], [lines, steps - 1])], 1);
  const begins = logicalAnd(notEqual(path, fill([], classes - 1, 'int32')), notEqual(path, before));
  const count = cast(begins, 'int32');
  const rank = cumsum(count, 1);
  const limit = fill([], length, 'int32');
  const shown = minimum(sum(count, 1, true), limit);
  const place = sub(sub(rank, shown), fill([], 1 - length, 'int32'));
  const isShown = logicalAnd(begins, lessEqual(rank, limit));
  const places = oneHot(cast(where(isShown, place, fill([lines, steps], -1, 'int32')), 'int32') as Tensor2D, length);
  const characters = expandDims(sub(path, fill([], -1, 'int32')), 2);
  return cast(sum(mul(cast(places, 'float32'), cast(characters, 'float32')), 1), 'int32') as Tensor2D;
}

function splitLines(values: Float32Array, [lines, steps, classes]: [number, number, number]): Int32Array[] {
  const size = steps * classes;
  return Array.from({ length: lines }, (_, line) =>
    Int32Array.from(greedyDecode(values.subarray(line * size, (line + 1) * size), classes)),
  );
}
