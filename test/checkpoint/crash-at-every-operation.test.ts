import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  dataPath,
  type FileOps,
  findResumable,
  listCheckpoints,
  parseCheckpointState,
  pruneCheckpoints,
} from '../../src/checkpoint/index.js';
import { commitEpoch, failingFiles, readFloats, recordedEpoch } from './support.js';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'crash-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** Four epochs, all kept; the checkpoints named in `damaged` are cut short. */
function lay(...damaged: string[]): void {
  rmSync(directory, { recursive: true, force: true });
  for (let epoch = 1; epoch <= 4; epoch++) commitEpoch(directory, epoch, { maxCheckpoints: 10 });
  for (const name of damaged) truncateSync(dataPath(join(directory, name)), 5);
}

function countOperations(work: (files: FileOps) => void): number {
  const { files, count } = failingFiles(-1, new Error('never'), false);
  work(files);
  return count();
}

/** Every file of every checkpoint that was ever committed, wherever it is now. */
function allFiles(): string[] {
  const names = readdirSync(directory, { recursive: true }).map(String);
  return names.flatMap((name) => /ckpt-\d+\.(index|data-00000-of-00001)$/.exec(name)?.[0] ?? []).sort();
}

const everyFile = [1, 2, 3, 4].flatMap((epoch) => [`ckpt-${epoch}.data-00000-of-00001`, `ckpt-${epoch}.index`]);

/** The directory is as it should be: the checkpoint, its content, and both records agree. */
function expectAgreement(checkpoint: string): void {
  const epoch = Number(checkpoint.slice('ckpt-'.length));
  expect(readFloats(join(directory, checkpoint), 'w')).toEqual([epoch, epoch, epoch]);
  expect(recordedEpoch(directory)).toBe(epoch);
  expect(parseCheckpointState(readFileSync(join(directory, 'checkpoint'), 'utf8'))?.latest).toBe(checkpoint);
}

const failures = [
  ['a crash', new Error('crash'), true],
  ['ENOSPC', Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' }), false],
  ['EIO', Object.assign(new Error('EIO'), { code: 'EIO' }), false],
] as const;

describe.each(failures)('%s at every operation', (_, failure, dead) => {
  test('of a resume over two damaged checkpoints: the next one uses the same checkpoint, and nothing is lost', () => {
    lay('ckpt-4', 'ckpt-3');
    const operations = countOperations((files) => findResumable(directory, { files }));
    expect(operations).toBeGreaterThan(15);
    for (let at = 0; at < operations; at++) {
      lay('ckpt-4', 'ckpt-3');
      try {
        findResumable(directory, { files: failingFiles(at, failure, dead).files });
      } catch (error) {
        expect(error).toBe(failure);
      }
      expect(findResumable(directory), `operation ${at}`).toMatchObject({ kind: 'checkpoint', checkpoint: 'ckpt-2' });
      expectAgreement('ckpt-2');
      expect(allFiles(), `operation ${at}`).toEqual(everyFile);
      expect(findResumable(directory)).toMatchObject({ checkpoint: 'ckpt-2', notes: [] });
      commitEpoch(directory, 3);
      expect(readdirSync(directory).filter((name) => name.includes('tmp'))).toEqual([]);
    }
  });

  test('of going back on purpose: the next resume uses the last committed one or the one before it', () => {
    lay();
    const operations = countOperations((files) => findResumable(directory, { files, stepBack: 'why' }));
    for (let at = 0; at < operations; at++) {
      lay();
      try {
        findResumable(directory, { files: failingFiles(at, failure, dead).files, stepBack: 'why' });
      } catch (error) {
        expect(error).toBe(failure);
      }
      const found = findResumable(directory);
      if (found.kind !== 'checkpoint') throw new Error(`operation ${at}: ${found.kind}`);
      expect(['ckpt-4', 'ckpt-3']).toContain(found.checkpoint);
      expectAgreement(found.checkpoint);
      expect(allFiles(), `operation ${at}`).toEqual(everyFile);
    }
  });

  test('of a prune: the newest and the best stay loadable, and the next prune ends it', () => {
    lay();
    const operations = countOperations((files) => pruneCheckpoints(directory, {}, files));
    expect(operations).toBeGreaterThan(8);
    for (let at = 0; at < operations; at++) {
      lay();
      expect(() => pruneCheckpoints(directory, {}, failingFiles(at, failure, dead).files)).toThrow(failure.message);
      expect(findResumable(directory), `operation ${at}`).toMatchObject({ checkpoint: 'ckpt-4', notes: [] });
      expectAgreement('ckpt-4');
      expect(readFloats(join(directory, 'ckpt-1'), 'w')).toEqual([1, 1, 1]);
      pruneCheckpoints(directory);
      expect(listCheckpoints(directory).map(({ name }) => name)).toEqual(['ckpt-1', 'ckpt-4']);
      commitEpoch(directory, 5);
      expect(readdirSync(directory).filter((name) => /^ckpt-[23]|tmp/.test(name))).toEqual([]);
    }
  });
});

test('a prune inside an epoch leaves the partial checkpoint that the run stands at', () => {
  lay();
  const partial = { epoch: 5, step: 7, checkpoint: 'partial-5-7' };
  const epochInfo = { last_completed_epoch: 4, best_epoch: 1, checkpoint: 'ckpt-4', partial };
  commitEpoch(directory, 4, { name: 'partial-5-7', epochInfo, maxCheckpoints: 10 });
  expect(pruneCheckpoints(directory)).toEqual(['ckpt-2', 'ckpt-3']);
  expect(findResumable(directory)).toMatchObject({ checkpoint: 'partial-5-7', notes: [] });
});
