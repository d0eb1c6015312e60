import { findFiles } from '../../config/find-files.js';
import type { Experiment } from '../../config/schema.js';
import { SuperviseError } from '../../protocol/index.js';
import { createRandom } from '../random/random.js';
import type { LineDataset } from './batch.js';
import { type Charset, loadCharset } from './charset.js';
import type { LineLayout } from './line-record.js';
import { openMadeLines } from './made-data.js';
import type { LineSpec } from './make-line.js';
import { openRecordFile } from './open-record-file.js';
import { detectLabelBase, recordDataset } from './record-dataset.js';
import type { RecordFile } from './record-file.js';
import { joinFiles, type RecordSet } from './record-set.js';
import { createTrainSet, type TrainSet } from './train-set.js';

/** What a training reads. */
export interface Dataset {
  readonly train: TrainSet;
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
  /** Where made lines are kept, and what is known about compressed files. */
  readonly dir: string;
  /** Default: the one that the configuration names. */
  readonly charset?: Charset;
  /** Called now and then while lines are made or a large file is looked through, so that the caller can show life. */
  readonly onAlive?: () => void;
}

const usualShuffleBuffer = 2048;
const mostBufferBytes = 256 * 2 ** 20;

/**
 * Opens the TFRecord files that the configuration names, or makes lines of handwritten digits once and opens those. Without
 * validation files, records chosen by the seed are held out from the training files.
 * @throws DATA_MISSING, DATA_CORRUPT, CONFIG_INVALID, RUN_DIRECTORY
 */
export async function openDataset(options: DatasetOptions): Promise<Dataset> {
  const charset = options.charset ?? loadCharset(options.config.charset_path);
  const sets = await openSets(options, charset);
  const files = sets.flatMap((set) => set.files);
  try {
    const [train, validation] = await openLines(sets, options, charset);
    return { train, validation, charset, paths: files.map(({ path }) => path), close: () => closeAll(files) };
  } catch (error) {
    await closeAll(files);
    throw error;
  }
}

/** Lines that a model is evaluated on, and how to close their files. */
export interface EvaluationLines {
  readonly dataset: LineDataset;
  readonly close: () => Promise<void>;
}

/**
 * Opens all records of some files (paths or patterns) in order, or the validation lines that the configuration describes.
 * @throws as {@link openDataset} does
 */
export async function openEvaluationLines({
  files: named,
  ...options
}: DatasetOptions & { readonly files?: readonly string[] | undefined }): Promise<EvaluationLines> {
  if (named === undefined) {
    const { validation, close } = await openDataset(options);
    return { dataset: validation, close };
  }
  const charset = options.charset ?? loadCharset(options.config.charset_path);
  const set = await openFiles(await findFiles(named, '--data'), options);
  try {
    const layout = await layoutOf(set, options.config, charset);
    return { dataset: recordDataset(set, layout, charset), close: () => closeAll(set.files) };
  } catch (error) {
    await closeAll(set.files);
    throw error;
  }
}

/** The training set and, where validation lines have files of their own, the validation set. */
async function openSets(options: DatasetOptions, charset: Charset): Promise<RecordSet[]> {
  const { config, seed, dir, onAlive } = options;
  const { tfrecord_path: training, val_tfrecord_path: validation } = config;
  if (training !== undefined) {
    const trainPaths = await findFiles(training);
    if (validation === undefined) return openInTurn([() => openFiles(trainPaths, options)]);
    const validationPaths = await findFiles(validation, 'data.val_tfrecord_path');
    return openInTurn([() => openFiles(trainPaths, options), () => openFiles(validationPaths, options)]);
  }
  const spec = lineSpec(config, seed, charset);
  const make = (split: 'train' | 'validation', count: number) => async () =>
    joinFiles([await openMadeLines(dir, spec, split, count, onAlive)]);
  return openInTurn([make('train', config.train_samples), make('validation', config.val_samples)]);
}

async function openFiles(paths: readonly string[], { dir, onAlive }: DatasetOptions): Promise<RecordSet> {
  const files: RecordFile[] = [];
  try {
    for (const path of paths) files.push(await openRecordFile(path, dir, onAlive));
    return joinFiles(files);
  } catch (error) {
    await closeAll(files);
    throw error;
  }
}

async function openInTurn(openers: readonly (() => Promise<RecordSet>)[]): Promise<RecordSet[]> {
  const sets: RecordSet[] = [];
  try {
    for (const open of openers) sets.push(await open());
    return sets;
  } catch (error) {
    await closeAll(sets.flatMap(({ files }) => files));
    throw error;
  }
}

async function closeAll(files: readonly RecordFile[]): Promise<void> {
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

async function openLines(
  sets: readonly RecordSet[],
  { config, seed }: DatasetOptions,
  charset: Charset,
): Promise<[TrainSet, LineDataset]> {
  const [train, validation] = sets as [RecordSet, RecordSet?];
  const layout = await layoutOf(train, config, charset);
  const toTrainOn = (records?: Uint32Array) =>
    createTrainSet({
      dataset: recordDataset(train, layout, charset, records),
      stream: train.isSequential ? { set: train, layout, records } : undefined,
      shuffleBuffer: config.shuffle_buffer ?? usualBuffer(layout),
      augmentation: config.augment,
      seed,
      charset,
    });
  if (validation !== undefined) {
    const validationLayout = await layoutOf(validation, config, charset);
    return [toTrainOn(), recordDataset(validation, validationLayout, charset)];
  }
  const { kept, held } = holdOut(train, seed, config.val_samples);
  return [toTrainOn(kept), recordDataset(train, layout, charset, held)];
}

/** By the size of two float32 images, not by that of the records, so that it is known before any is read. */
function usualBuffer({ width, height }: LineLayout): number {
  return Math.max(1, Math.min(usualShuffleBuffer, Math.floor(mostBufferBytes / (8 * width * height))));
}

/** Chooses the records that validate: `count` of them, at most half of the set. */
function holdOut(set: RecordSet, seed: number, count: number): { kept: Uint32Array; held: Uint32Array } {
  if (set.size < 2) throw tooSmall(set, 'two records or more, so that one can be held out for validation');
  const all = Uint32Array.from({ length: set.size }, (_, record) => record);
  const order = createRandom(seed, 'validation split').shuffle(all);
  const heldCount = Math.min(count, Math.floor(set.size / 2));
  return { kept: order.subarray(heldCount).sort(), held: order.subarray(0, heldCount).sort() };
}

async function layoutOf(set: RecordSet, config: Experiment['data'], charset: Charset): Promise<LineLayout> {
  if (set.size === 0) throw tooSmall(set, 'one record or more');
  const labelBase = await detectLabelBase(set);
  return { width: config.image_width, height: config.image_height, characters: charset.size, labelBase };
}

function tooSmall({ size, files }: RecordSet, expected: string): SuperviseError {
  const where = files.map(({ path }) => path).join(', ');
  return new SuperviseError('DATA_CORRUPT', { what: `${size} records`, where, expected });
}

function invalid(where: string, what: string): SuperviseError {
  return new SuperviseError('CONFIG_INVALID', { what, where });
}
