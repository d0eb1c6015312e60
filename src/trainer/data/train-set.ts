import { type Augmentation, augmentLine, isAugmenting } from './augment.js';
import { type Batch, type Line, type LineDataset, toBatch } from './batch.js';
import type { Charset } from './charset.js';
import { batchIndices, epochOrder } from './order.js';
import { readStream, type StreamedLines } from './read-stream.js';
import { streamOrder } from './stream-order.js';

/** Which steps of a training are read. */
export interface StepRange {
  /** From 1. */
  readonly epoch: number;
  /** From 0. */
  readonly firstStep: number;
  readonly stepsPerEpoch: number;
  readonly batchSize: number;
}

/** Lines to train on. */
export interface TrainSet extends LineDataset {
  /**
   * Reads the batches of an epoch from a step on, in the epoch's order and augmented. Each batch depends on nothing but seed,
   * epoch and step: not on where the reading begins.
   * @throws DATA_CORRUPT naming file, record and byte offset
   */
  readonly readSteps: (range: StepRange) => AsyncGenerator<Batch, void, void>;
}

export interface TrainSetOptions {
  readonly dataset: LineDataset;
  /** The same lines, where they can only be read from front to back. */
  readonly stream: StreamedLines | undefined;
  /** Lines that are held to shuffle such ones. */
  readonly shuffleBuffer: number;
  readonly augmentation: Augmentation;
  readonly seed: number;
  readonly charset: Charset;
}

/** Makes a dataset one that steps are read from. */
export function createTrainSet(options: TrainSetOptions): TrainSet {
  const { dataset, stream, seed, augmentation } = options;
  const read = stream === undefined ? readAnywhere(dataset, seed) : readFromFront(options, stream);
  const isPlain = !isAugmenting(augmentation);
  return {
    ...dataset,
    readSteps: isPlain ? read : (range) => augmentSteps(read(range), range, options),
  };
}

type ReadSteps = TrainSet['readSteps'];

/** Batches that are read at once: a disk answers several requests sooner than one after the other. */
const batchesInFlight = 3;

function startReading(dataset: LineDataset, indices: Uint32Array): Promise<Batch> {
  const batch = dataset.read(indices);
  // A failure surfaces when the batch's turn comes; until then it must not count as unhandled.
  batch.catch(() => undefined);
  return batch;
}

function readAnywhere(dataset: LineDataset, seed: number): ReadSteps {
  return async function* ({ epoch, firstStep, stepsPerEpoch, batchSize }) {
    const order = epochOrder(dataset.size, seed, epoch, stepsPerEpoch * batchSize);
    const reading: Promise<Batch>[] = [];
    try {
      for (let step = firstStep; step < stepsPerEpoch || reading.length > 0; step++) {
        if (step < stepsPerEpoch) reading.push(startReading(dataset, batchIndices(order, step, batchSize)));
        if (reading.length >= batchesInFlight || step >= stepsPerEpoch) yield reading.shift() as Promise<Batch>;
      }
    } finally {
      // Their file may be closed next.
      await Promise.allSettled(reading);
    }
  };
}

function readFromFront({ dataset, seed, charset, shuffleBuffer }: TrainSetOptions, stream: StreamedLines): ReadSteps {
  const sizes = linesOfFiles(stream);
  return async function* ({ epoch, firstStep, stepsPerEpoch, batchSize }) {
    const end = stepsPerEpoch * batchSize;
    let lines: Line[] = [];
    for (let at = firstStep * batchSize; at < end; ) {
      const round = Math.floor(at / dataset.size);
      for await (const line of readStream(
        stream,
        streamOrder(sizes, shuffleBuffer, { seed, epoch, round }),
        at % dataset.size,
      )) {
        lines.push(line);
        at++;
        if (lines.length < batchSize) continue;
        yield toBatch(lines, charset.decode);
        lines = [];
        if (at === end) return;
      }
    }
  };
}

function linesOfFiles({ set, records }: StreamedLines): number[] {
  if (records === undefined) return set.files.map(({ size }) => size);
  const sizes = set.files.map(() => 0);
  for (const record of records) {
    const { fileNumber } = set.locate(record);
    sizes[fileNumber] = (sizes[fileNumber] as number) + 1;
  }
  return sizes;
}

async function* augmentSteps(
  batches: AsyncGenerator<Batch, void, void>,
  { epoch, firstStep }: StepRange,
  { dataset, augmentation, seed }: TrainSetOptions,
): AsyncGenerator<Batch, void, void> {
  let step = firstStep;
  const size = dataset.width * dataset.height;
  for await (const batch of batches) {
    for (let line = 0; line < batch.size; line++) {
      const [degraded, clean] = [batch.degraded, batch.clean].map((all) =>
        all.subarray(line * size, (line + 1) * size),
      );
      augmentLine({ degraded: degraded as Float32Array, clean: clean as Float32Array }, dataset, augmentation, [
        seed,
        epoch,
        step,
        line,
      ]);
    }
    yield batch;
    step++;
  }
}
