import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type FileOps,
  findResumable,
  listCheckpoints,
  parseCheckpointState,
  realFiles,
  setAside,
} from '../../src/checkpoint/index.js';
import { commitEpoch, failingFiles, filesOnSmallDisk, float32, readFloats, recordedEpoch } from './support.js';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'commit-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

describe('commitCheckpoint', () => {
  test('keeps the newest and the best, and says so in the checkpoint file', () => {
    for (let epoch = 1; epoch <= 5; epoch++) commitEpoch(directory, epoch);
    expect(readdirSync(directory)).toEqual([
      'checkpoint',
      ...['ckpt-1', 'ckpt-4', 'ckpt-5'].flatMap((name) => [`${name}.data-00000-of-00001`, `${name}.index`]),
      'epoch_info.json',
    ]);
    const state = parseCheckpointState(readFileSync(join(directory, 'checkpoint'), 'utf8'));
    expect(state).toEqual({ latest: 'ckpt-5', all: ['ckpt-1', 'ckpt-4', 'ckpt-5'] });
    expect(recordedEpoch(directory)).toBe(5);
  });

  test('a partial checkpoint is overtaken by the next epoch', () => {
    commitEpoch(directory, 1);
    const partial = { epoch: 2, step: 7, checkpoint: 'partial-2-7' };
    commitEpoch(directory, 1, { name: 'partial-2-7', epochInfo: { last_completed_epoch: 1, partial } });
    expect(findResumable(directory)).toMatchObject({ kind: 'checkpoint', checkpoint: 'partial-2-7', notes: [] });
    commitEpoch(directory, 2);
    expect(readdirSync(directory).filter((name) => name.startsWith('partial'))).toEqual([]);
  });

  /** How many operations a commit of epoch 4, prune included, takes. */
  function operationsOfCommit(): number {
    const scratch = mkdtempSync(join(tmpdir(), 'count-'));
    for (let epoch = 1; epoch <= 3; epoch++) commitEpoch(scratch, epoch);
    const { files, count } = failingFiles(-1, new Error('never'), false);
    commitEpoch(scratch, 4, { files });
    rmSync(scratch, { recursive: true });
    return count();
  }

  test('a crash at every operation leaves the last committed epoch loadable, and the next commit clean', () => {
    const operations = operationsOfCommit();
    expect(operations).toBeGreaterThan(20);
    for (let at = 0; at < operations; at++) {
      rmSync(directory, { recursive: true, force: true });
      for (let epoch = 1; epoch <= 3; epoch++) commitEpoch(directory, epoch);
      const crash = new Error(`crash at operation ${at}`);
      expect(() => commitEpoch(directory, 4, { files: failingFiles(at, crash, true).files })).toThrow();
      const recorded = recordedEpoch(directory);
      const found = findResumable(directory);
      expect(found, `operation ${at}`).toMatchObject({ kind: 'checkpoint', checkpoint: `ckpt-${recorded}`, notes: [] });
      expect([3, 4]).toContain(recorded);
      expect(readFloats(join(directory, `ckpt-${recorded}`), 'w')).toEqual([recorded, recorded, recorded]);
      commitEpoch(directory, recorded + 1);
      expect(readdirSync(directory).filter((name) => name.includes('tmp'))).toEqual([]);
      expect(findResumable(directory)).toMatchObject({ checkpoint: `ckpt-${recorded + 1}`, notes: [] });
    }
  });

  test.each(['ENOSPC', 'EIO', 'EROFS', 'EDQUOT'])(
    '%s at every operation is reported, and the previous checkpoint is intact',
    (code) => {
      const operations = operationsOfCommit();
      for (let at = 0; at < operations; at++) {
        rmSync(directory, { recursive: true, force: true });
        for (let epoch = 1; epoch <= 3; epoch++) commitEpoch(directory, epoch);
        const failure = Object.assign(new Error(code), { code });
        expect(() => commitEpoch(directory, 4, { files: failingFiles(at, failure, false).files })).toThrow(code);
        const recorded = recordedEpoch(directory);
        expect(findResumable(directory), `operation ${at}`).toMatchObject({
          kind: 'checkpoint',
          checkpoint: `ckpt-${recorded}`,
          notes: [],
        });
      }
    },
  );
});

describe('a disk that is full after N bytes, or a directory that cannot be written', () => {
  test('leaves the previous checkpoint as it was, wherever N is, and the next commit works', () => {
    const total = commitEpoch(directory, 0, { name: 'ckpt-9' }) + 500;
    for (let room = 0; room < total; room += 41) {
      rmSync(directory, { recursive: true, force: true });
      for (let epoch = 1; epoch <= 2; epoch++) commitEpoch(directory, epoch);
      const { files, isFull } = filesOnSmallDisk(room);
      try {
        commitEpoch(directory, 3, { files });
        expect(isFull()).toBe(false);
      } catch (error) {
        expect(error).toMatchObject({ code: 'ENOSPC' });
      }
      const recorded = recordedEpoch(directory);
      expect(recorded).toBe(isFull() ? 2 : 3);
      expect(findResumable(directory), `${room} bytes`).toMatchObject({ checkpoint: `ckpt-${recorded}`, notes: [] });
      commitEpoch(directory, recorded + 1);
      expect(findResumable(directory)).toMatchObject({ checkpoint: `ckpt-${recorded + 1}`, notes: [] });
    }
  });

  test('a checkpoint that does not read back is not committed, and nothing is deleted for it', () => {
    for (let epoch = 1; epoch <= 3; epoch++) commitEpoch(directory, epoch);
    const before = readdirSync(directory);
    let data = -1;
    const files: FileOps = {
      ...realFiles,
      open: (path) => {
        const file = realFiles.open(path);
        if (path.includes('.data-')) data = file;
        return file;
      },
      write: (file, bytes) =>
        realFiles.write(file, file === data ? bytes.map((byte, at) => (at ? byte : byte ^ 1)) : bytes),
      close: (file) => {
        if (file === data) data = -1;
        realFiles.close(file);
      },
    };
    expect(() => commitEpoch(directory, 4, { files })).toThrow('ckpt-4 does not read back as it was written');
    expect(recordedEpoch(directory)).toBe(3);
    expect(readdirSync(directory)).toEqual(expect.arrayContaining(before));
    expect(findResumable(directory)).toMatchObject({ checkpoint: 'ckpt-3', notes: [] });
  });
});

describe('retention by rules', () => {
  test('the best by a recorded metric stay, and NaN is none of them', () => {
    const scores = [1, 9, Number.NaN, 7, 2, 3];
    for (const [index, score] of scores.entries()) {
      const epoch = index + 1;
      commitEpoch(directory, epoch, {
        epochInfo: { last_completed_epoch: epoch, checkpoint: `ckpt-${epoch}`, metrics: { score } },
        maxCheckpoints: 1,
        retention: { keepBest: { count: 2, metric: 'score', mode: 'max' } },
      });
    }
    expect(listCheckpoints(directory).map(({ name }) => name)).toEqual(['ckpt-2', 'ckpt-4', 'ckpt-6']);
  });
});

describe('setAside', () => {
  test('moves everything away and destroys nothing, again and again', () => {
    commitEpoch(directory, 1);
    const first = setAside(directory);
    expect(readdirSync(directory)).toEqual(['previous']);
    expect(readFloats(join(first ?? '', 'ckpt-1'), 'w')).toEqual([1, 1, 1]);
    expect(setAside(directory)).toBeUndefined();
    commitEpoch(directory, 2, { tensors: [['w', float32([9])]] });
    expect(setAside(directory)).toBe(join(directory, 'previous', '0002'));
    expect(readdirSync(join(directory, 'previous'))).toEqual(['0001', '0002']);
  });

  test('a directory that does not exist is nothing to move', () => {
    expect(setAside(join(directory, 'none'))).toBeUndefined();
  });
});
