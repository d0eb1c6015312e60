import type { Line } from '../data/index.js';
import { type LineSpec, makeLine } from '../data/index.js';
import { createRandom } from '../random/random.js';

/** The greatest share of its degraded version that is mixed into a clean line. */
const strongestMix = 0.4;

/** Images of one step, [N × height × width] row by row, and their labels. */
export interface LineBatch {
  readonly pixels: Float32Array;
  readonly labels: readonly Int32Array[];
}

/**
 * The lines of one training step: clean ones of training digits, made afresh so that no line comes twice; half of them with
 * some of their degraded version mixed in and another contrast, so that the recognizer also reads what is nearly restored.
 */
export function trainingLines(spec: LineSpec, step: number, batchSize: number): LineBatch {
  const lines = Array.from({ length: batchSize }, (_, index) => {
    const number = step * batchSize + index;
    const line = makeLine(spec, 'train', number);
    return { pixels: blemish(line, spec.seed, number), labels: line.labels };
  });
  return toLineBatch(lines);
}

/** Lines `first` … `first + count − 1` of unseen digits, clean or degraded, as they are. */
export function unseenLines(spec: LineSpec, first: number, count: number, kind: 'clean' | 'degraded'): LineBatch {
  return toLineBatch(
    Array.from({ length: count }, (_, index) => {
      const line = makeLine(spec, 'validation', first + index);
      return { pixels: line[kind], labels: line.labels };
    }),
  );
}

/** A clean line, or in half of the cases one with some of its degraded version mixed in and another contrast. */
export function blemish({ clean, degraded }: Line, seed: number, index: number): Float32Array {
  const random = createRandom(seed, 'blemish', index);
  if (random.uniform() < 0.5) return clean;
  const mix = strongestMix * random.uniform();
  const contrast = random.uniform(0.7, 1);
  return clean.map((value, at) => 1 - contrast * (1 - value - mix * ((degraded[at] as number) - value)));
}

/** Puts lines of one size together. */
export function toLineBatch(
  lines: readonly { readonly pixels: Float32Array; readonly labels: Int32Array }[],
): LineBatch {
  const size = lines[0]?.pixels.length ?? 0;
  const pixels = new Float32Array(lines.length * size);
  for (const [index, line] of lines.entries()) pixels.set(line.pixels, index * size);
  return { pixels, labels: lines.map(({ labels }) => labels) };
}
