import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  dataPath,
  findResumable,
  indexPath,
  parseCheckpointState,
  pruneCheckpoints,
} from '../../src/checkpoint/index.js';
import { epochInfoPath } from '../../src/protocol/index.js';
import { fc } from '../fast-check.js';
import { commitEpoch, filesOnSmallDisk, recordedEpoch, removeFiles } from './support.js';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'resumable-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const commitEpochs = (last: number) => {
  for (let epoch = 1; epoch <= last; epoch++) commitEpoch(directory, epoch, { maxCheckpoints: 10 });
};
const truncate = (name: string) => truncateSync(dataPath(join(directory, name)), 5);

describe('findResumable', () => {
  test('an empty or missing directory offers nothing', () => {
    expect(findResumable(directory)).toEqual({ kind: 'none', notes: [] });
    expect(findResumable(join(directory, 'none'))).toEqual({ kind: 'none', notes: [] });
  });

  test('a good checkpoint is used as it is, and nothing is touched', () => {
    commitEpochs(2);
    const before = readdirSync(directory);
    expect(findResumable(directory)).toMatchObject({
      kind: 'checkpoint',
      checkpoint: 'ckpt-2',
      notes: [],
      epochInfo: { last_completed_epoch: 2 },
    });
    expect(readdirSync(directory)).toEqual(before);
  });

  test('how a run ended that had gone further says nothing of the checkpoint before', () => {
    commitEpochs(2);
    writeFileSync(
      epochInfoPath(directory),
      JSON.stringify({ last_completed_epoch: 2, status: 'early_stopped', checkpoint: 'ckpt-2' }),
    );
    truncate('ckpt-2');
    const found = findResumable(directory);
    expect(found).toMatchObject({ checkpoint: 'ckpt-1' });
    expect(found).not.toMatchObject({ epochInfo: { status: 'early_stopped' } });
  });

  test('a checkpoint of somebody else may be a folder of the very name', () => {
    writeFileSync(epochInfoPath(directory), JSON.stringify({ last_completed_epoch: 2, checkpoint: 'ckpt-2' }));
    mkdirSync(join(directory, 'ckpt-2'));
    expect(findResumable(directory)).toMatchObject({ kind: 'foreign', epochInfo: { last_completed_epoch: 2 } });
  });

  test('damaged ones go to quarantine with a reason; epoch_info and the checkpoint file agree with what is used', () => {
    commitEpochs(3);
    truncate('ckpt-3');
    writeFileSync(indexPath(join(directory, 'ckpt-2')), 'rubbish');
    const found = findResumable(directory);
    expect(found).toMatchObject({ kind: 'checkpoint', checkpoint: 'ckpt-1', epochInfo: { last_completed_epoch: 1 } });
    expect(found.notes.join('\n')).toMatch(
      /ckpt-3 is damaged .* moved to .*quarantine[\s\S]*ckpt-2 is damaged[\s\S]*epoch_info\.json now says ckpt-1/,
    );
    expect(recordedEpoch(directory)).toBe(1);
    expect(parseCheckpointState(readFileSync(join(directory, 'checkpoint'), 'utf8'))).toEqual({
      latest: 'ckpt-1',
      all: ['ckpt-1'],
    });
    expect(readdirSync(join(directory, 'quarantine', '0001'))).toEqual([
      'ckpt-3.data-00000-of-00001',
      'ckpt-3.index',
      'reason.txt',
    ]);
    expect(findResumable(directory)).toMatchObject({ checkpoint: 'ckpt-1', notes: [] });
  });

  test('any bit of the newest one, index or data: the one before it is resumed from', () => {
    const bits = fc.record({
      isIndex: fc.boolean(),
      place: fc.double({ min: 0, max: 1, noNaN: true }),
      bit: fc.nat(7),
    });
    fc.assert(
      fc.property(bits, ({ isIndex, place, bit }) => {
        removeFiles(directory, ...readdirSync(directory));
        commitEpochs(2);
        const path = (isIndex ? indexPath : dataPath)(join(directory, 'ckpt-2'));
        const bytes = readFileSync(path);
        const at = Math.min(bytes.length - 1, Math.floor(place * bytes.length));
        bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
        writeFileSync(path, bytes);
        expect(findResumable(directory)).toMatchObject({ kind: 'checkpoint', checkpoint: 'ckpt-1' });
      }),
      { numRuns: 60 },
    );
  });

  test('unknown fields of epoch_info survive the repair', () => {
    commitEpochs(2);
    const info = JSON.parse(readFileSync(epochInfoPath(directory), 'utf8'));
    writeFileSync(epochInfoPath(directory), JSON.stringify({ ...info, wandb_id: 'x7' }));
    truncate('ckpt-2');
    expect(findResumable(directory)).toMatchObject({ epochInfo: { wandb_id: 'x7', last_completed_epoch: 1 } });
    expect(JSON.parse(readFileSync(epochInfoPath(directory), 'utf8'))).toMatchObject({ wandb_id: 'x7' });
  });

  test('all damaged: nothing usable, and everything is still there in quarantine', () => {
    commitEpochs(2);
    truncate('ckpt-1');
    truncate('ckpt-2');
    const found = findResumable(directory);
    expect(found).toMatchObject({ kind: 'none' });
    expect(found.notes.at(-1)).toBe('no committed checkpoint is usable');
    expect(readdirSync(join(directory, 'quarantine'))).toEqual(['0001', '0002']);
  });

  test('a quarantine that a full disk prevents moves nothing, and takes no number', () => {
    commitEpochs(2);
    truncate('ckpt-2');
    const { files } = filesOnSmallDisk(10);
    for (let attempt = 0; attempt < 3; attempt++) expect(() => findResumable(directory, { files })).toThrow(/ENOSPC/);
    expect(readdirSync(join(directory, 'quarantine'))).toEqual([]);
    expect(findResumable(directory)).toMatchObject({ kind: 'checkpoint', checkpoint: 'ckpt-1' });
    expect(readdirSync(join(directory, 'quarantine'))).toEqual(['0001']);
  });

  test.each(['', '{"last_completed_', '[]', '{"last_completed_epoch":"2"}'])(
    'epoch_info %j: the checkpoint’s own record is used',
    (text) => {
      commitEpochs(2);
      writeFileSync(epochInfoPath(directory), text);
      const found = findResumable(directory);
      expect(found).toMatchObject({
        kind: 'checkpoint',
        checkpoint: 'ckpt-2',
        epochInfo: { last_completed_epoch: 2, best_epoch: 1 },
      });
      expect(found.notes[0]).toContain('unreadable');
      expect(recordedEpoch(directory)).toBe(2);
    },
  );

  test('epoch_info missing: checkpoints of nobody knows which run', () => {
    commitEpochs(2);
    removeFiles(directory, 'epoch_info.json');
    expect(findResumable(directory)).toEqual({
      kind: 'unrecorded',
      notes: ['epoch_info.json is missing'],
      checkpoints: ['ckpt-1', 'ckpt-2'],
    });
  });

  test('a checkpoint that epoch_info does not know yet was never committed, and is not used', () => {
    commitEpochs(2);
    const info = readFileSync(epochInfoPath(directory), 'utf8');
    commitEpochs(3);
    writeFileSync(epochInfoPath(directory), info);
    expect(findResumable(directory)).toMatchObject({ kind: 'checkpoint', checkpoint: 'ckpt-2', notes: [] });
  });

  test('somebody else’s checkpoints are left alone, and epoch_info is trusted', () => {
    writeFileSync(join(directory, 'model_epoch3.pt'), 'anything');
    writeFileSync(epochInfoPath(directory), '{"last_completed_epoch": 2}');
    expect(findResumable(directory)).toMatchObject({ kind: 'foreign', epochInfo: { last_completed_epoch: 2 } });
    expect(findResumable(directory, { epochBase: 0 })).toMatchObject({
      kind: 'foreign',
      epochInfo: { last_completed_epoch: 3 },
    });
    expect(readdirSync(directory)).toEqual(['epoch_info.json', 'model_epoch3.pt']);
  });

  test('epoch_info that names a checkpoint of ours which is gone', () => {
    commitEpochs(1);
    removeFiles(directory, 'ckpt-1.index', 'ckpt-1.data-00000-of-00001');
    expect(findResumable(directory)).toEqual({
      kind: 'none',
      notes: ['epoch_info.json names ckpt-1, which is not there'],
    });
  });
});

describe('going back', () => {
  test('puts the newest good checkpoint into quarantine, and uses the one before it', () => {
    commitEpochs(3);
    truncate('ckpt-2');
    const found = findResumable(directory, { stepBack: 'the same failure three times after it' });
    expect(found).toMatchObject({ kind: 'checkpoint', checkpoint: 'ckpt-1', epochInfo: { last_completed_epoch: 1 } });
    expect(readdirSync(join(directory, 'quarantine'))).toHaveLength(2);
    expect(found.notes.join('\n')).toContain('going back before ckpt-3 (the same failure three times after it)');
  });

  test('keeps to the only good one', () => {
    commitEpochs(2);
    truncate('ckpt-1');
    expect(findResumable(directory, { stepBack: 'why' })).toMatchObject({ kind: 'checkpoint', checkpoint: 'ckpt-2' });
    expect(readdirSync(directory)).toContain('ckpt-2.index');
  });
});

describe('pruneCheckpoints', () => {
  test('leaves the newest committed one and the best', () => {
    commitEpochs(4);
    expect(pruneCheckpoints(directory)).toEqual(['ckpt-2', 'ckpt-3']);
    expect(readdirSync(directory).filter((name) => name.endsWith('.index'))).toEqual(['ckpt-1.index', 'ckpt-4.index']);
  });

  test('removes nothing when the newest one is damaged, or nobody knows which it is', () => {
    commitEpochs(3);
    truncate('ckpt-3');
    expect(pruneCheckpoints(directory)).toEqual([]);
    removeFiles(directory, 'epoch_info.json');
    expect(pruneCheckpoints(directory)).toEqual([]);
  });
});
