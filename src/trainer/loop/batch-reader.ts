import { type Tensor4D, tensor4d } from '@tensorflow/tfjs-core';
import { type Batch, type LineDataset, readAhead, type TrainSet } from '../data/index.js';

/** One batch on the backend: images [N, height, width, 1], float32 in [0, 1]. */
export interface TensorBatch {
  readonly degraded: Tensor4D;
  readonly clean: Tensor4D;
  readonly labels: readonly Int32Array[];
}

export interface BatchReader {
  /** Runs `use` with the batch of step `step` (from 0) of an epoch (from 1), while the next ones are being read; frees its tensors. */
  readonly withBatch: <Result>(
    epoch: number,
    step: number,
    use: (batch: TensorBatch) => Promise<Result>,
  ) => Promise<Result>;
  /** Time that steps have waited for their batches so far, in milliseconds. */
  readonly waitedMs: () => number;
  /** Waits for the read under way. */
  readonly close: () => Promise<void>;
}

export interface BatchReaderOptions {
  readonly dataset: TrainSet;
  readonly epochs: number;
  readonly stepsPerEpoch: number;
  readonly batchSize: number;
}

/**
 * Reads the training's batches, which depend on (seed, epoch, step) only, one or more ahead of the step: those of the next
 * epoch while this one is validated and saved.
 */
export function createBatchReader(options: BatchReaderOptions): BatchReader {
  const { dataset, epochs, stepsPerEpoch } = options;
  let coming: Coming | undefined;
  let waitedMs = 0;
  const seek = async (epoch: number, step: number): Promise<Batch> => {
    const wanted = (epoch - 1) * stepsPerEpoch + step;
    if (coming === undefined || wanted < coming.next || wanted >= Math.min(coming.next + stepsPerEpoch, coming.end)) {
      await coming?.batches.return();
      const end = Math.max(epochs, epoch) * stepsPerEpoch;
      coming = { next: wanted, end, batches: readAhead(readEpochs(options, epoch, step), 1) };
    }
    const { batches, next, end } = coming;
    // A step that is left out leaves its batch behind.
    for (let at = next; ; at++) {
      const { value, done } = await batches.next();
      if (done === true) throw new RangeError(`step ${step} of epoch ${epoch}: an epoch has ${stepsPerEpoch} steps`);
      if (at < wanted) continue;
      coming = { batches, next: wanted + 1, end };
      return value;
    }
  };
  return {
    withBatch: async (epoch, step, use) => {
      const startedAtMs = performance.now();
      const batch = await seek(epoch, step);
      waitedMs += performance.now() - startedAtMs;
      return useTensors(batch, dataset, use);
    },
    waitedMs: () => waitedMs,
    close: async () => {
      await coming?.batches.return();
    },
  };
}

/** The batches of a training from some step on: `next` counts the steps before the next one, `end` those before the end. */
interface Coming {
  readonly next: number;
  readonly end: number;
  readonly batches: AsyncGenerator<Batch, void, void>;
}

async function* readEpochs(
  { dataset, epochs, stepsPerEpoch, batchSize }: BatchReaderOptions,
  start: number,
  step: number,
): AsyncGenerator<Batch, void, void> {
  yield* dataset.readSteps({ epoch: start, firstStep: step, stepsPerEpoch, batchSize });
  for (let epoch = start + 1; epoch <= epochs; epoch++)
    yield* dataset.readSteps({ epoch, firstStep: 0, stepsPerEpoch, batchSize });
}

/** Puts a batch's images on the backend for the time of `use`. */
export async function useTensors<Result>(
  batch: Batch,
  { height, width }: Pick<LineDataset, 'height' | 'width'>,
  use: (batch: TensorBatch) => Promise<Result>,
): Promise<Result> {
  const shape: [number, number, number, number] = [batch.size, height, width, 1];
  const degraded = tensor4d(batch.degraded, shape);
  const clean = tensor4d(batch.clean, shape);
  try {
    return await use({ degraded, clean, labels: batch.labels });
  } finally {
    degraded.dispose();
    clean.dispose();
  }
}
