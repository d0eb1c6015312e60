import { type Tensor4D, tidy } from '@tensorflow/tfjs-core';
import type { Charset, LineDataset } from '../data/index.js';
import type { SampleRow } from '../images/index.js';
import { type FrozenRecognizer, type Generator, restore } from '../models/index.js';
import { decodeLinesAsync } from '../models/text.js';
import { useTensors } from './batch-reader.js';
import type { ValidationMetrics } from './best-score.js';
import { createScore } from './validation.js';

export interface MeasureOptions {
  readonly generator: Generator;
  readonly recognizer: FrozenRecognizer;
  readonly dataset: LineDataset;
  readonly charset: Charset;
  readonly batchSize: number;
  readonly cerWeight: number;
  /** Whether the degraded lines are scored too. */
  readonly scoresDegraded: boolean;
  /** So many lines are kept as images, from the first. */
  readonly keptLines: number;
  /** Called before each batch with the lines done; true ends the measurement. */
  readonly isStopped: (done: number) => boolean;
}

/** How well a set is restored. */
export interface Measurement {
  readonly restored: ValidationMetrics;
  readonly degraded: ValidationMetrics | undefined;
  readonly rows: readonly SampleRow[];
}

/**
 * Restores every line of a set, batch by batch, and scores it against the clean one; in memory is one batch at a time.
 * Undefined when stopped meanwhile.
 */
export async function measureRestoration(options: MeasureOptions): Promise<Measurement | undefined> {
  const { dataset, batchSize, cerWeight, scoresDegraded, keptLines, isStopped } = options;
  const [restored, degraded] = [createScore(dataset, cerWeight), createScore(dataset, cerWeight)];
  const rows: SampleRow[] = [];
  for (let first = 0; first < dataset.size; first += batchSize) {
    if (isStopped(first)) return undefined;
    const count = Math.min(batchSize, dataset.size - first);
    const batch = await dataset.read(Array.from({ length: count }, (_, index) => first + index));
    await useTensors(batch, dataset, async (tensors) => {
      const images = restore(options.generator, tensors.degraded);
      const pixels = (await images.data()) as Float32Array;
      restored.add(pixels, batch.clean, await read(options, images), batch.texts);
      if (scoresDegraded) degraded.add(batch.degraded, batch.clean, await read(options, tensors.degraded), batch.texts);
      const kept = Math.min(count, keptLines - rows.length);
      for (let line = 0; line < kept; line++) rows.push(rowOf(line, dataset, { ...batch, restored: pixels }));
      images.dispose();
    });
  }
  return { restored: restored.metrics(), degraded: scoresDegraded ? degraded.metrics() : undefined, rows };
}

async function read({ recognizer, charset }: MeasureOptions, images: Tensor4D): Promise<string[]> {
  const logits = tidy(() => recognizer.logits(recognizer.features(images)));
  const lines = await decodeLinesAsync(logits);
  logits.dispose();
  return lines.map((labels) => charset.decode(labels));
}

function rowOf(line: number, { width, height }: LineDataset, { degraded, restored, clean }: SampleRow): SampleRow {
  const part = [line * width * height, (line + 1) * width * height] as const;
  return { degraded: degraded.slice(...part), restored: restored.slice(...part), clean: clean.slice(...part) };
}
