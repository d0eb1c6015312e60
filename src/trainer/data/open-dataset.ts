import { resolve } from 'node:path';
import type { Experiment } from '../../config/schema.js';
import { SuperviseError } from '../../protocol/index.js';
import { createRandom } from '../random/random.js';
import type { LineDataset } from './batch.js';
import { type Charset, loadCharset } from './charset.js';
import type { LineLayout } from './line-record.js';
import { openMadeLines } from './made-data.js';
import type { LineSpec } from './make-line.js';
import { detectLabelBase, recordDataset } from './record-dataset.js';
import { openTfRecord, type TfRecordFile } from './tf-record-reader.js';

/** What a training reads. */
export interface Dataset {
  readonly train: LineDataset;
  readonly validation: LineDataset;
  readonly charset: Charset;
  /** The files behind it. */
  readonly paths: readonly string[];
  /** Closes the files; reads that are under way must have ended. */
  readonly close: () => Promise<void>;
}

export interface DatasetOptions {
  /** Paths in it are taken relative to the current directory. */
  readonly config: Experiment['data'];
  readonly seed: number;
  /** Where made lines are kept. */
  readonly dir: string;
  /** Default: the one that the configuration names. */
  readonly charset?: Charset;
  /** Called after each line made, so that the caller can show life; never called when the lines are there already. */
  readonly onLine?: (made: number, count: number) => void;
}

/**
 * Opens the TFRecord files that the configuration names, or makes lines of handwritten digits once and opens those. Without a
 * validation file, records chosen by the seed are held out from the training file.
 * @throws DATA_MISSING, DATA_CORRUPT, CONFIG_INVALID, RUN_DIRECTORY
 */
export async function openDataset(options: DatasetOptions): Promise<Dataset> {
  const charset = options.charset ?? loadCharset(options.config.charset_path);
  const files = await openFiles(options, charset);
  try {
    const [train, validation] = await openSets(files, options, charset);
    return { train, validation, charset, paths: files.map(({ path }) => path), close: () => closeAll(files) };
  } catch (error) {
    await closeAll(files);
    throw error;
  }
}

/** The training file and, where validation lines have one of their own, the validation file. */
async function openFiles({ config, seed, dir, onLine }: DatasetOptions, charset: Charset): Promise<TfRecordFile[]> {
  const { tfrecord_path: trainPath, val_tfrecord_path: validationPath } = config;
  if (trainPath === undefined) {
    const spec = lineSpec(config, seed, charset);
    return openInTurn([
      () => openMadeLines(dir, spec, 'train', config.train_samples, onLine),
      () => openMadeLines(dir, spec, 'validation', config.val_samples, onLine),
    ]);
  }
  const paths = validationPath === undefined ? [trainPath] : [trainPath, validationPath];
  return openInTurn(paths.map((path) => () => openTfRecord(resolve(path))));
}

async function openInTurn(openers: readonly (() => Promise<TfRecordFile>)[]): Promise<TfRecordFile[]> {
  const files: TfRecordFile[] = [];
  try {
    for (const open of openers) files.push(await open());
    return files;
  } catch (error) {
    await closeAll(files);
    throw error;
  }
}

async function closeAll(files: readonly TfRecordFile[]): Promise<void> {
  await Promise.all(files.map((file) => file.close()));
}

function lineSpec(config: Experiment['data'], seed: number, charset: Charset): LineSpec {
  if (charset.characters.slice(0, 10).join('') !== '0123456789') {
    throw invalid('data.charset_path', 'the made lines hold digits, so the first ten characters must be 0 to 9');
  }
  if (config.digits_min > config.digits_max) throw invalid('data.digits_min', 'is greater than data.digits_max');
  return {
    seed,
    width: config.image_width,
    height: config.image_height,
    digitsMin: config.digits_min,
    digitsMax: config.digits_max,
  };
}

async function openSets(
  files: readonly TfRecordFile[],
  { config, seed }: DatasetOptions,
  charset: Charset,
): Promise<[LineDataset, LineDataset]> {
  const [train, validation] = files as [TfRecordFile, TfRecordFile?];
  const layout = await layoutOf(train, config, charset);
  if (validation !== undefined) {
    const validationLayout = await layoutOf(validation, config, charset);
    return [recordDataset(train, layout, charset), recordDataset(validation, validationLayout, charset)];
  }
  const { kept, held } = holdOut(train, seed, config.val_samples);
  return [recordDataset(train, layout, charset, kept), recordDataset(train, layout, charset, held)];
}

/** Chooses the records that validate: `count` of them, at most half of the file. */
function holdOut(file: TfRecordFile, seed: number, count: number): { kept: Uint32Array; held: Uint32Array } {
  if (file.size < 2) throw tooSmall(file, 'two records or more, so that one can be held out for validation');
  const all = Uint32Array.from({ length: file.size }, (_, record) => record);
  const order = createRandom(seed, 'validation split').shuffle(all);
  const heldCount = Math.min(count, Math.floor(file.size / 2));
  return { kept: order.subarray(heldCount).sort(), held: order.subarray(0, heldCount).sort() };
}

async function layoutOf(file: TfRecordFile, config: Experiment['data'], charset: Charset): Promise<LineLayout> {
  if (file.size === 0) throw tooSmall(file, 'one record or more');
  const labelBase = await detectLabelBase(file);
  return { width: config.image_width, height: config.image_height, characters: charset.size, labelBase };
}

function tooSmall(file: TfRecordFile, expected: string): SuperviseError {
  return new SuperviseError('DATA_CORRUPT', { what: `${file.size} records`, where: file.path, expected });
}

function invalid(where: string, what: string): SuperviseError {
  return new SuperviseError('CONFIG_INVALID', { what, where });
}
