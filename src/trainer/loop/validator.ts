import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Tensor4D, tidy } from '@tensorflow/tfjs-core';
import type { Experiment } from '../../config/schema.js';
import type { Charset, LineDataset } from '../data/index.js';
import { type SampleRow, sampleSheet, writePng } from '../images/index.js';
import { type FrozenRecognizer, type Generator, restore } from '../models/index.js';
import { decodeLinesAsync } from '../models/text.js';
import { useTensors } from './batch-reader.js';
import type { ValidationMetrics } from './best-score.js';
import type { ValidationResult } from './training.js';
import { scoreImages } from './validation.js';

export interface ValidatorOptions {
  readonly generator: Generator;
  readonly recognizer: FrozenRecognizer;
  readonly dataset: LineDataset;
  readonly charset: Charset;
  readonly config: Experiment;
  readonly sampleDir: string;
  readonly isStopped: () => boolean;
}

/** What the whole validation set looks like, line after line. */
interface Pass {
  readonly degraded: Float32Array;
  readonly restored: Float32Array;
  readonly clean: Float32Array;
  readonly texts: readonly string[];
  readonly readDegraded: readonly string[];
  readonly readRestored: readonly string[];
}

/**
 * Returns the validation of an epoch: restores every line of the set, scores it against the clean one, scores the degraded
 * lines beside it (once: they do not change), and writes sample images when they are due. Undefined when stopped meanwhile.
 */
export function createValidator(options: ValidatorOptions): (epoch: number) => Promise<ValidationResult | undefined> {
  let baseline: ValidationMetrics | undefined;
  const { dataset, config } = options;
  return async (epoch) => {
    const pass = await restoreAll(options, baseline === undefined);
    if (pass === undefined) return undefined;
    const score = (pixels: Float32Array, read: readonly string[]) =>
      scoreImages(
        { pixels, width: dataset.width, height: dataset.height },
        pass.clean,
        read,
        pass.texts,
        config.metrics.cer_weight,
      );
    baseline ??= score(pass.degraded, pass.readDegraded);
    const restored = score(pass.restored, pass.readRestored);
    if (config.samples.save_samples && epoch % config.samples.save_interval === 0) writeSamples(options, epoch, pass);
    return {
      restored,
      record: {
        ...restored,
        psnr_degraded: baseline.psnr,
        ssim_degraded: baseline.ssim,
        cer_degraded: baseline.cer,
        wer_degraded: baseline.wer,
      },
    };
  };
}

async function restoreAll(options: ValidatorOptions, readsDegraded: boolean): Promise<Pass | undefined> {
  const { dataset, config, generator, isStopped } = options;
  const lineSize = dataset.width * dataset.height;
  const [degraded, restored, clean] = [0, 1, 2].map(() => new Float32Array(dataset.size * lineSize)) as [
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  const texts: string[] = [];
  const readDegraded: string[] = [];
  const readRestored: string[] = [];
  for (let first = 0; first < dataset.size; first += config.training.batch_size) {
    if (isStopped()) return undefined;
    const count = Math.min(config.training.batch_size, dataset.size - first);
    const batch = await dataset.read(Array.from({ length: count }, (_, index) => first + index));
    degraded.set(batch.degraded, first * lineSize);
    clean.set(batch.clean, first * lineSize);
    texts.push(...batch.texts);
    await useTensors(batch, dataset, async (tensors) => {
      const images = restore(generator, tensors.degraded);
      restored.set((await images.data()) as Float32Array, first * lineSize);
      readRestored.push(...(await read(options, images)));
      if (readsDegraded) readDegraded.push(...(await read(options, tensors.degraded)));
      images.dispose();
    });
  }
  return { degraded, restored, clean, texts, readDegraded, readRestored };
}

async function read({ recognizer, charset }: ValidatorOptions, images: Tensor4D): Promise<string[]> {
  const logits = tidy(() => recognizer.logits(recognizer.features(images)));
  const lines = await decodeLinesAsync(logits);
  logits.dispose();
  return lines.map((labels) => charset.decode(labels));
}

function writeSamples({ dataset, config, sampleDir }: ValidatorOptions, epoch: number, pass: Pass): void {
  const size = dataset.width * dataset.height;
  const count = Math.min(config.samples.num_samples, dataset.size);
  const rows = Array.from({ length: count }, (_, line): SampleRow => {
    const part = [line * size, (line + 1) * size] as const;
    return {
      degraded: pass.degraded.subarray(...part),
      restored: pass.restored.subarray(...part),
      clean: pass.clean.subarray(...part),
    };
  });
  mkdirSync(sampleDir, { recursive: true });
  writePng(
    join(sampleDir, `epoch-${String(epoch).padStart(4, '0')}.png`),
    sampleSheet(rows, dataset.width, dataset.height),
  );
}
