import type { Experiment } from '../../config/schema.js';
import {
  type Batch,
  type Charset,
  createCharset,
  type LineSpec,
  openDataset,
  openDatasetThread,
  stepsToReadOnce,
} from '../data/index.js';
import { blemish, type LineBatch, toLineBatch, trainingLines, unseenLines } from './training-lines.js';

/** Lines that a recognizer is trained and judged by. */
export interface RecognizerLines {
  /** Pixels of every line. */
  readonly width: number;
  readonly height: number;
  readonly charset: Charset;
  /** The lines of a step; steps are asked for one after the other. */
  readonly nextBatch: (step: number, batchSize: number) => Promise<LineBatch>;
  /** Number of lines that are never trained on. */
  readonly unseenCount: number;
  /** Some of those. */
  readonly unseen: (first: number, count: number, kind: 'clean' | 'degraded') => Promise<LineBatch>;
  readonly close: () => Promise<void>;
}

/** Lines of real handwritten digits, made afresh for every step. */
export function digitLines(spec: LineSpec): RecognizerLines {
  return {
    width: spec.width,
    height: spec.height,
    charset: createCharset([...'0123456789']),
    nextBatch: async (step, batchSize) => trainingLines(spec, step, batchSize),
    unseenCount: Number.POSITIVE_INFINITY,
    unseen: async (first, count, kind) => unseenLines(spec, first, count, kind),
    close: async () => {},
  };
}

/**
 * The lines of an experiment's data, over and over in the order of its epochs: clean, or in half of the cases with some of their
 * degraded version mixed in. Its validation lines are the unseen ones.
 * @throws as opening that data does
 */
export async function experimentLines(
  { data: config }: Experiment,
  dir: string,
  seed: number,
): Promise<RecognizerLines> {
  const open = config.worker_thread ? openDatasetThread : openDataset;
  const { train, validation, charset, close } = await open({ config, seed, dir });
  let batches: AsyncGenerator<Batch, void, void> | undefined;
  return {
    width: train.width,
    height: train.height,
    charset,
    nextBatch: async (step, batchSize) => {
      const stepsPerEpoch = stepsToReadOnce(train.size, batchSize);
      const [epoch, firstStep] = [Math.floor(step / stepsPerEpoch) + 1, step % stepsPerEpoch];
      if (firstStep === 0 || batches === undefined) {
        await batches?.return();
        batches = train.readSteps({ epoch, firstStep, stepsPerEpoch, batchSize });
      }
      const { value } = await batches.next();
      if (value === undefined) throw new RangeError(`step ${step}: the lines have ended`);
      const lines = splitBatch(value, train.width * train.height);
      return toLineBatch(
        lines.map((line, index) => ({
          pixels: blemish(line, seed, step * batchSize + index),
          labels: line.labels,
        })),
      );
    },
    unseenCount: validation.size,
    unseen: async (first, count, kind) => {
      const batch = await validation.read(Array.from({ length: count }, (_, index) => first + index));
      return { pixels: batch[kind], labels: batch.labels };
    },
    close: async () => {
      await batches?.return();
      await close();
    },
  };
}

function splitBatch({ degraded, clean, labels }: Batch, size: number) {
  return labels.map((label, line) => ({
    degraded: degraded.subarray(line * size, (line + 1) * size),
    clean: clean.subarray(line * size, (line + 1) * size),
    labels: label,
  }));
}
