import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findResumable, parseCheckpointState, setAside } from '../../src/checkpoint/index.js';
import { commitEpoch, failingFiles, float32, readFloats, recordedEpoch } from './support.js';

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
