import type { Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';
import { tensor2d } from '@tensorflow/tfjs-core';
import { greedyDecode } from '../metrics/greedy-decode.js';

/** Class indices that the likeliest path through the logits [N, T, classes] spells, for each line. */
export function decodeLines(logits: Tensor3D): Int32Array[] {
  return splitLines(logits.dataSync() as Float32Array, logits.shape);
}

/** The same, without blocking backends that read asynchronously. */
export async function decodeLinesAsync(logits: Tensor3D): Promise<Int32Array[]> {
  return splitLines((await logits.data()) as Float32Array, logits.shape);
}

/**
 * Text as the discriminator reads it: int32 [N, length], class + 1, with zeros in front; what is longer loses its end. In
 * front, because the LSTM's last state is what counts.
 */
export function toTextTensor(lines: readonly Int32Array[], length: number): Tensor2D {
  const text = new Int32Array(lines.length * length);
  for (const [index, labels] of lines.entries()) {
    const shown = labels.subarray(0, length);
    for (const [at, label] of shown.entries()) text[(index + 1) * length - shown.length + at] = label + 1;
  }
  return tensor2d(text, [lines.length, length], 'int32');
}

function splitLines(values: Float32Array, [lines, steps, classes]: [number, number, number]): Int32Array[] {
  const size = steps * classes;
  return Array.from({ length: lines }, (_, line) =>
    Int32Array.from(greedyDecode(values.subarray(line * size, (line + 1) * size), classes)),
  );
}
