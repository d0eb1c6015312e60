import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import { add, dispose, mul, slice } from '@tensorflow/tfjs-core';
import type { Pass } from '../nn/module.js';
import type { GanBatch } from './gan-parts.js';
import { textLength } from './text.js';

/** A part of a step's lines, and the pass over it. */
export interface MicroBatch {
  readonly batch: GanBatch;
  readonly pass: Pass;
}

/** Yields a batch in `count` equal parts, one after the other; their images are freed when the next is asked for. */
export function* microBatches(batch: GanBatch, count: number, pass: Pass): Generator<MicroBatch> {
  if (count === 1) return yield { batch, pass };
  const of = batch.labels.length;
  if (of % count !== 0) throw new RangeError(`${of} lines in ${count} parts`);
  const lines = of / count;
  for (let first = 0; first < of; first += lines) {
    const [degraded, clean] = [rows(batch.degraded, first, lines), rows(batch.clean, first, lines)];
    yield {
      batch: partOf(batch, { degraded, clean, first, lines, textLength: textLength(batch) }),
      pass: passOf(pass, { first, count: lines, of }),
    };
    dispose([degraded, clean]);
  }
}

interface Part {
  readonly degraded: Tensor4D;
  readonly clean: Tensor4D;
  readonly first: number;
  readonly lines: number;
  readonly textLength: number;
}

/** Follows the batch, which changes from step to step when the step is recorded and replayed. */
function partOf(batch: GanBatch, { degraded, clean, first, lines, textLength }: Part): GanBatch {
  return {
    degraded,
    clean,
    textLength,
    get labels() {
      return batch.labels.slice(first, first + lines);
    },
    get stepIndex() {
      return batch.stepIndex;
    },
    get weights() {
      return batch.weights;
    },
    get lrG() {
      return batch.lrG;
    },
    get lrD() {
      return batch.lrD;
    },
  };
}

function passOf(pass: Pass, lines: NonNullable<Pass['lines']>): Pass {
  return {
    training: pass.training,
    seed: pass.seed,
    lines,
    get step() {
      return pass.step;
    },
  };
}

/** Sums tensors by name over the parts of a step, in their order; takes the tensors over. */
export function createMean<T extends Tensor>(parts: number) {
  const sums = new Map<string, T>();
  return {
    take: (tensors: ReadonlyMap<string, T>) => {
      for (const [name, tensor] of tensors) {
        const sum = sums.get(name);
        sums.set(name, sum === undefined ? tensor : replace([sum, tensor], add<T>(sum, tensor)));
      }
    },
    /** The means; the caller frees them. */
    values: (): ReadonlyMap<string, T> =>
      parts === 1 ? sums : new Map([...sums].map(([name, sum]) => [name, replace([sum], mul<T>(sum, 1 / parts))])),
  };
}

function rows(images: Tensor4D, first: number, count: number): Tensor4D {
  const [, height, width, channels] = images.shape;
  return slice(images, [first, 0, 0, 0], [count, height, width, channels]);
}

function replace<T extends Tensor>(old: T[], made: T): T {
  dispose(old);
  return made;
}
