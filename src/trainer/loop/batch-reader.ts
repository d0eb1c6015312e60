import { type Tensor4D, tensor4d } from '@tensorflow/tfjs-core';
import { type Batch, batchIndices, epochOrder, type LineDataset } from '../data/index.js';

/** One batch on the backend: images [N, height, width, 1], float32 in [0, 1]. */
export interface TensorBatch {
  readonly degraded: Tensor4D;
  readonly clean: Tensor4D;
  readonly labels: readonly Int32Array[];
}

export interface BatchReader {
  /** Runs `use` with the batch of step `step` (from 0) of an epoch (from 1), while the next one is being read; frees its tensors. */
  readonly withBatch: <Result>(
    epoch: number,
    step: number,
    use: (batch: TensorBatch) => Promise<Result>,
  ) => Promise<Result>;
  /** Waits for the read under way. */
  readonly close: () => Promise<void>;
}

export interface BatchReaderOptions {
  readonly dataset: LineDataset;
  readonly seed: number;
  readonly stepsPerEpoch: number;
  readonly batchSize: number;
}

/** Reads the training's batches in an order that depends on (seed, epoch, step) only, one ahead of the step. */
export function createBatchReader({ dataset, seed, stepsPerEpoch, batchSize }: BatchReaderOptions): BatchReader {
  let order: { readonly epoch: number; readonly indices: Uint32Array } | undefined;
  let ahead: { readonly key: string; readonly batch: Promise<Batch> } | undefined;
  const orderOf = (epoch: number) => {
    if (order?.epoch !== epoch)
      order = { epoch, indices: epochOrder(dataset.size, seed, epoch, stepsPerEpoch * batchSize) };
    return order.indices;
  };
  const read = (epoch: number, step: number) => {
    const batch = dataset.read(batchIndices(orderOf(epoch), step, batchSize));
    // A failure surfaces when the batch's turn comes; until then it must not count as unhandled.
    batch.catch(() => undefined);
    return batch;
  };
  return {
    withBatch: async (epoch, step, use) => {
      const key = `${epoch}.${step}`;
      const batch = await (ahead?.key === key ? ahead.batch : read(epoch, step));
      const next = step + 1;
      ahead = next < stepsPerEpoch ? { key: `${epoch}.${next}`, batch: read(epoch, next) } : undefined;
      return useTensors(batch, dataset, use);
    },
    close: async () => {
      await ahead?.batch.catch(() => undefined);
    },
  };
}

/** Puts a batch's images on the backend for the time of `use`. */
export async function useTensors<Result>(
  batch: Batch,
  { height, width }: LineDataset,
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
