import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { SuperviseError, systemErrorCode, writeFileAtomic } from '../../protocol/index.js';
import type { Split } from '../data/digits.js';
import { createLineMaker, type HandwritingSpec } from './line-maker.js';
import { type Shard, writeShard } from './write-shard.js';

export interface DatasetPlan {
  readonly spec: HandwritingSpec;
  /** Folder for the files. */
  readonly out: string;
  readonly trainLines: number;
  readonly validationLines: number;
  /** Files that each split is spread over. */
  readonly shards: number;
  readonly gzip: boolean;
  /** Threads that make lines. */
  readonly workers: number;
  /** Hears of every file that is done. */
  readonly onShard: (path: string, lines: number) => void;
}

/** What a data set's `dataset.json` says. */
export interface DatasetCard {
  readonly spec: HandwritingSpec;
  /** Names of the fonts and SHA-256 of their files. */
  readonly fonts: readonly { readonly name: string; readonly sha256: string }[];
  readonly train_lines: number;
  readonly validation_lines: number;
  readonly shards: number;
  readonly gzip: boolean;
  readonly characters: number;
}

/**
 * Makes a data set: `train-*` and `val-*` TFRecord files, `charset.txt` and `dataset.json`. Every line is a function of the
 * specification, its split and its number, so that the same plan gives the same bytes, whatever the number of threads. A file
 * has its name only when it is whole.
 * @throws DATA_MISSING and DATA_CORRUPT for fonts, RUN_DIRECTORY when the folder cannot be written
 */
export async function buildDataset(plan: DatasetPlan): Promise<DatasetCard> {
  const { spec, out } = plan;
  const maker = await createLineMaker(spec);
  try {
    mkdirSync(out, { recursive: true });
    await makeShards(planShards(plan), plan);
    writeFileAtomic(join(out, 'charset.txt'), maker.charset.characters.map((character) => `${character}\n`).join(''));
    const card: DatasetCard = {
      spec,
      fonts: spec.fonts.map((path, index) => ({ name: maker.fonts[index] ?? path, sha256: digestOf(path) })),
      train_lines: plan.trainLines,
      validation_lines: plan.validationLines,
      shards: plan.shards,
      gzip: plan.gzip,
      characters: maker.charset.size,
    };
    writeFileAtomic(join(out, 'dataset.json'), `${JSON.stringify(card, null, 2)}\n`);
    return card;
  } catch (error) {
    if (error instanceof SuperviseError || systemErrorCode(error) === undefined) throw error;
    const what = `the data set cannot be written (${(error as Error).message})`;
    throw new SuperviseError('RUN_DIRECTORY', { what, where: out }, { cause: error });
  }
}

/** The pattern that names the files of a split, as an experiment's `data.tfrecord_path` takes it. */
export function shardPattern(split: Split, { gzip }: Pick<DatasetPlan, 'gzip'>): string {
  return `${splitNames[split]}-*.tfrecord${gzip ? '.gz' : ''}`;
}

const splitNames: Readonly<Record<Split, string>> = { train: 'train', validation: 'val' };

function planShards(plan: DatasetPlan): Shard[] {
  const { spec, out, gzip } = plan;
  const counts: readonly [Split, number][] = [
    ['train', plan.trainLines],
    ['validation', plan.validationLines],
  ];
  return counts.flatMap(([split, lines]) => {
    const shards = Math.max(1, Math.min(plan.shards, lines));
    const border = (shard: number) => Math.floor((lines * shard) / shards);
    return Array.from({ length: shards }, (_, shard) => {
      const name = `${splitNames[split]}-${digits(shard)}-of-${digits(shards)}.tfrecord${gzip ? '.gz' : ''}`;
      return { spec, split, first: border(shard), end: border(shard + 1), path: join(out, name), gzip };
    });
  });
}

function digits(number: number): string {
  return String(number).padStart(5, '0');
}

/** Each thread takes the next file when it is done with one. */
async function makeShards(shards: readonly Shard[], { workers, onShard }: DatasetPlan): Promise<void> {
  const waiting = shards.values();
  const work = async () => {
    for (const shard of waiting) {
      if (workers === 1) await writeShard(shard);
      else await writeInThread(shard);
      onShard(shard.path, shard.end - shard.first);
    }
  };
  await Promise.all(Array.from({ length: Math.min(workers, shards.length) }, work));
}

function writeInThread(shard: Shard): Promise<void> {
  const worker = new Worker(new URL('./shard-worker.js', import.meta.url), { workerData: shard });
  return new Promise((resolve, reject) => {
    worker.on('error', reject);
    worker.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`a thread ended with code ${code}`))));
  });
}

function digestOf(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}
