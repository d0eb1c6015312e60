import { setImmediate } from 'node:timers/promises';
import type { Split } from '../data/digits.js';
import { encodeLine } from '../data/line-record.js';
import { writeTfRecord } from '../data/tf-record-writer.js';
import { createLineMaker, type HandwritingSpec } from './line-maker.js';

/** One file of a data set; plain data, so that a thread can be given it. */
export interface Shard {
  readonly spec: HandwritingSpec;
  readonly split: Split;
  /** Numbers of its lines: `first` … `end` − 1. */
  readonly first: number;
  readonly end: number;
  readonly path: string;
  readonly gzip: boolean;
}

/** Makes the lines of one file and writes it. */
export async function writeShard({ spec, split, first, end, path, gzip }: Shard): Promise<void> {
  const { make } = await createLineMaker(spec);
  const records = async function* () {
    for (let index = first; index < end; index++) {
      yield encodeLine(make(split, index), spec.width, spec.height);
      // Signals get their turn while thousands of lines are being made.
      await setImmediate();
    }
  };
  await writeTfRecord(path, records(), { gzip });
}
