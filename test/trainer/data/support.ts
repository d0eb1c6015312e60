import { writeFileSync } from 'node:fs';
import { deflateSync, gzipSync } from 'node:zlib';
import type { Batch, TrainSet } from '../../../src/trainer/data/index.js';
import { encodeLine } from '../../../src/trainer/data/line-record.js';
import { frameRecord } from '../../../src/trainer/data/tf-record-frame.js';

/** The `data` section for {@link writeLines}. */
export const tiny = { image_width: 4, image_height: 2 };

/** A record of 4 × 2 pixels whose label and pixels tell its number. */
export function numberedRecord(number: number): Uint8Array {
  const pixels = new Float32Array(8).fill(number / 1000);
  return encodeLine({ degraded: pixels, clean: pixels, labels: Int32Array.from(String(number), Number) }, 4, 2);
}

/** Writes the lines `first` … `first + count − 1`, compressed as the file's ending says. */
export function writeLines(path: string, first: number, count: number): string {
  const records = Array.from({ length: count }, (_, index) => frameRecord(numberedRecord(first + index)));
  const bytes = Buffer.concat(records);
  writeFileSync(path, path.endsWith('.gz') ? gzipSync(bytes) : path.endsWith('.zz') ? deflateSync(bytes) : bytes);
  return path;
}

/** The batches of an epoch from a step on, at most `most` of them. */
export async function readBatches(
  set: TrainSet,
  epoch: number,
  firstStep: number,
  { stepsPerEpoch = 10, batchSize = 3, most = 1000 } = {},
): Promise<Batch[]> {
  const batches: Batch[] = [];
  for await (const batch of set.readSteps({ epoch, firstStep, stepsPerEpoch, batchSize })) {
    batches.push(batch);
    if (batches.length === most) break;
  }
  return batches;
}

export const textsOf = (batches: readonly Batch[]) => batches.flatMap(({ texts }) => texts);
