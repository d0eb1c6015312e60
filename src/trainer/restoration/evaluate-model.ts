import { type Tensor4D, tidy } from '@tensorflow/tfjs-core';
import type { Experiment } from '../../config/schema.js';
import { type Batch, type Charset, type LineDataset, loadCharset, openEvaluationLines } from '../data/index.js';
import type { SampleRow } from '../images/index.js';
import { useTensors } from '../loop/batch-reader.js';
import { openRecognizer } from '../loop/open-recognizer.js';
import { psnr, ssim } from '../metrics/index.js';
import { type FrozenRecognizer, restore } from '../models/index.js';
import { decodeLinesAsync } from '../models/text.js';
import { openRestorer, type Restorer } from './open-restorer.js';
import { type LineScore, type SetScore, summarizeScores } from './summarize-scores.js';

export interface EvaluationOptions {
  readonly config: Experiment;
  /** The generator's checkpoint, as its path without `.index`. */
  readonly checkpoint: string;
  /** TFRecord files to score on, or patterns of them; default: the validation lines of the configuration. */
  readonly files?: readonly string[] | undefined;
  /** Where made lines are kept. */
  readonly dataDir: string;
  readonly backend?: Experiment['training']['backend'];
  /** Lines restored at once. */
  readonly batchSize: number;
  /** At most so many lines, from the first. */
  readonly limit: number;
  /** So many lines are kept as images, from the first. */
  readonly keptLines: number;
  /** Hears of the lines that are done. */
  readonly onProgress: (done: number, size: number) => void;
  readonly log: (line: string) => void;
}

/** How well a model restores a set of lines. */
export interface Evaluation extends SetScore {
  readonly width: number;
  readonly height: number;
  readonly perLine: readonly LineScore[];
  readonly rows: readonly SampleRow[];
}

/**
 * Restores every line of a set and scores it: PSNR and SSIM against the clean line, CER and WER of what the recognizer reads.
 * In memory is one batch at a time.
 * @throws the errors of opening data, checkpoint, recognizer and backend
 */
export async function evaluateModel(options: EvaluationOptions): Promise<Evaluation> {
  const { config, log } = options;
  const charset = loadCharset(config.data.charset_path);
  const lines = await openEvaluationLines({
    config: config.data,
    seed: config.seed,
    dir: options.dataDir,
    charset,
    files: options.files,
  });
  try {
    const restorer = await openRestorer(options);
    log(`Backend: ${restorer.backend.name} on ${restorer.backend.device}: ${restorer.backend.reason}`);
    const { width, height } = restorer;
    const { seed } = config;
    const recognizer = openRecognizer({ config: config.model.recognizer, charset, height, width, seed, log });
    const scored = await scoreLines(lines.dataset, { restorer, recognizer, charset }, options);
    recognizer.dispose();
    restorer.dispose();
    return { ...summarizeScores(scored.perLine, config.metrics.cer_weight), ...scored, width, height };
  } finally {
    await lines.close();
  }
}

interface Networks {
  readonly restorer: Restorer;
  readonly recognizer: FrozenRecognizer;
  readonly charset: Charset;
}

async function scoreLines(dataset: LineDataset, networks: Networks, options: EvaluationOptions) {
  const size = Math.min(dataset.size, options.limit);
  const perLine: LineScore[] = [];
  const rows: SampleRow[] = [];
  for (let first = 0; first < size; first += options.batchSize) {
    options.onProgress(first, size);
    const count = Math.min(options.batchSize, size - first);
    const batch = await dataset.read(Array.from({ length: count }, (_, index) => first + index));
    const scored = await scoreBatch(batch, dataset, networks);
    perLine.push(...scored.map(({ score }) => score));
    rows.push(...scored.slice(0, Math.max(0, options.keptLines - rows.length)).map(({ row }) => row));
  }
  options.onProgress(size, size);
  return { perLine, rows };
}

async function scoreBatch(batch: Batch, { width, height }: LineDataset, { restorer, recognizer, charset }: Networks) {
  const read = async (images: Tensor4D) => {
    const logits = tidy(() => recognizer.logits(recognizer.features(images)));
    const lines = await decodeLinesAsync(logits);
    logits.dispose();
    return lines.map((labels) => charset.decode(labels));
  };
  const size = width * height;
  return useTensors(batch, { width, height }, async (tensors) => {
    const images = restore(restorer.generator, tensors.degraded);
    const pixels = ((await images.data()) as Float32Array).slice();
    const [reads, readsDegraded, readsClean] = [
      await read(images),
      await read(tensors.degraded),
      await read(tensors.clean),
    ];
    images.dispose();
    return batch.texts.map((text, line) => {
      const [restored, degraded, clean] = [pixels, batch.degraded, batch.clean].map((all) =>
        all.slice(line * size, (line + 1) * size),
      ) as [Float32Array, Float32Array, Float32Array];
      const score: LineScore = {
        psnr: psnr(restored, clean),
        ssim: ssim(restored, clean, width, height),
        psnrDegraded: psnr(degraded, clean),
        ssimDegraded: ssim(degraded, clean, width, height),
        text,
        read: reads[line] as string,
        readDegraded: readsDegraded[line] as string,
        readClean: readsClean[line] as string,
      };
      return { score, row: { degraded, restored, clean } };
    });
  });
}
