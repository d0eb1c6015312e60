import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Experiment } from '../../config/schema.js';
import type { Charset, LineDataset } from '../data/index.js';
import { sampleSheet, writePng } from '../images/index.js';
import type { FrozenRecognizer, Generator } from '../models/index.js';
import type { ValidationMetrics } from './best-score.js';
import { measureRestoration } from './measure-restoration.js';
import type { ValidationResult } from './training.js';

export interface ValidatorOptions {
  readonly generator: Generator;
  readonly recognizer: FrozenRecognizer;
  readonly dataset: LineDataset;
  readonly charset: Charset;
  readonly config: Experiment;
  readonly sampleDir: string;
  readonly isStopped: () => boolean;
}

/**
 * Returns the validation of an epoch: restores every line of the set, scores it against the clean one, scores the degraded
 * lines beside it (once: they do not change), and writes sample images when they are due. Undefined when stopped meanwhile.
 */
export function createValidator(options: ValidatorOptions): (epoch: number) => Promise<ValidationResult | undefined> {
  const { dataset, config, sampleDir } = options;
  const { samples, training, metrics } = config;
  let baseline: ValidationMetrics | undefined;
  return async (epoch) => {
    const hasSamples = samples.save_samples && epoch % samples.save_interval === 0;
    const measured = await measureRestoration({
      ...options,
      batchSize: training.batch_size,
      cerWeight: metrics.cer_weight,
      scoresDegraded: baseline === undefined,
      keptLines: hasSamples ? samples.num_samples : 0,
    });
    if (measured === undefined) return undefined;
    baseline ??= measured.degraded;
    if (hasSamples) {
      mkdirSync(sampleDir, { recursive: true });
      const sheet = sampleSheet(measured.rows, dataset.width, dataset.height);
      writePng(join(sampleDir, `epoch-${String(epoch).padStart(4, '0')}.png`), sheet);
    }
    return { restored: measured.restored, record: { ...measured.restored, ...degradedRecord(baseline) } };
  };
}

function degradedRecord(baseline: ValidationMetrics | undefined): Record<string, number> {
  if (baseline === undefined) return {};
  const { psnr, ssim, cer, wer } = baseline;
  return { psnr_degraded: psnr, ssim_degraded: ssim, cer_degraded: cer, wer_degraded: wer };
}
