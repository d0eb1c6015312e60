import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findByPattern, guessPattern } from '../../../src/checkpoint/foreign/epoch-pattern.js';
import { type FindOptions, findResumable } from '../../../src/checkpoint/index.js';
import { epochInfoPath } from '../../../src/protocol/index.js';
import { failingFiles } from '../support.js';

const torch = new URL('../../fixtures/foreign/torch-zip.pt', import.meta.url);

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'resume-foreign-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** Good checkpoints under these names, cut short where a `!` stands before them, and `epoch_info.json`. */
function lay(names: readonly string[], info: Record<string, unknown>): void {
  for (const marked of names) {
    const path = join(directory, marked.replace('!', ''));
    mkdirSync(dirname(path), { recursive: true });
    copyFileSync(torch, path);
    if (marked.startsWith('!')) truncateSync(path, 3000);
  }
  writeFileSync(epochInfoPath(directory), JSON.stringify(info));
}

const written = () => JSON.parse(readFileSync(epochInfoPath(directory), 'utf8'));
function find(options?: FindOptions) {
  const found = findResumable(directory, options);
  if (found.kind !== 'foreign') throw new Error(`found ${found.kind}`);
  return { epoch: found.epochInfo?.last_completed_epoch, notes: found.notes.join('\n') };
}

describe('a foreign checkpoint that epoch_info.json names', () => {
  test('is good: nothing is touched and nothing is said', () => {
    lay(['ckpt-1.pt', 'ckpt-2.pt'], { last_completed_epoch: 2, checkpoint: 'ckpt-2.pt' });
    const before = readFileSync(epochInfoPath(directory), 'utf8');
    expect(find()).toEqual({ epoch: 2, notes: '' });
    expect(readFileSync(epochInfoPath(directory), 'utf8')).toBe(before);
  });

  test('is good, and a torn one beside it that was never recorded is set aside: the trainer would resume from it', () => {
    lay(['ckpt-1.pt', 'ckpt-2.pt', '!ckpt-3.pt'], { last_completed_epoch: 2, checkpoint: 'ckpt-2.pt' });
    const { epoch, notes } = find();
    expect(epoch).toBe(2);
    expect(notes).toContain('ckpt-3.pt was never recorded and is damaged');
    expect(readdirSync(directory).sort()).toEqual(['ckpt-1.pt', 'ckpt-2.pt', 'epoch_info.json', 'quarantine']);
    expect(readdirSync(join(directory, 'quarantine/0001'))).toContain('ckpt-3.pt');
  });

  test('is kept when a torn newer one explains the failures; a good newer one is left alone', () => {
    lay(['ckpt-1.pt', 'ckpt-2.pt', '!ckpt-3.pt', 'ckpt-4.pt'], { last_completed_epoch: 2, checkpoint: 'ckpt-2.pt' });
    expect(find({ stepBack: 'the same failure 3 times in a row after it' }).epoch).toBe(2);
    expect(existsSync(join(directory, 'ckpt-2.pt'))).toBe(true);
    expect(existsSync(join(directory, 'ckpt-4.pt'))).toBe(true);
  });

  test('is good under a name without its ending', () => {
    lay(['ckpt-2.pt'], { last_completed_epoch: 2, checkpoint: 'ckpt_2' });
    rmSync(join(directory, 'ckpt-2.pt'));
    copyFileSync(torch, join(directory, 'ckpt_2.pt'));
    expect(find()).toEqual({ epoch: 2, notes: '' });
  });

  test('is damaged: it goes to quarantine with the reason, and the newest good one before it is used', () => {
    lay(['ckpt-1.pt', 'ckpt-2.pt', '!ckpt-3.pt', '!ckpt-4.pt'], {
      ...{ last_completed_epoch: 4, checkpoint: 'ckpt-4.pt', status: 'completed', wandb_id: 'x7', best_score: 3 },
    });
    const { epoch, notes } = find({ pattern: 'ckpt-{epoch}.pt' });
    expect(epoch).toBe(2);
    expect(notes).toMatch(/ckpt-4\.pt is damaged .*cut short.*; moved to .*0001\nckpt-3\.pt is damaged .*0002/);
    expect(notes).toContain('epoch_info.json now says ckpt-2.pt: last completed epoch 2');
    expect(written()).toEqual({
      ...{ last_completed_epoch: 2, checkpoint: 'ckpt-2.pt', status: 'running', wandb_id: 'x7', best_score: 3 },
    });
    expect(readdirSync(join(directory, 'quarantine/0001'))).toEqual(['ckpt-4.pt', 'reason.txt']);
    expect(readFileSync(join(directory, 'quarantine/0001/reason.txt'), 'utf8')).toContain('cut short');
    expect(find({ pattern: 'ckpt-{epoch}.pt' })).toEqual({ epoch: 2, notes: '' });
  });

  test('is missing: stepping back is the same', () => {
    lay(['ckpt-1.pt'], { last_completed_epoch: 2, checkpoint: 'epoch-2.pt' });
    expect(find({ pattern: 'ckpt-{epoch}.pt' })).toMatchObject({ epoch: 1 });
    expect(existsSync(join(directory, 'quarantine'))).toBe(false);
  });

  test('the epochs are counted as the trainer counts them', () => {
    lay(['ckpt-0.pt', '!ckpt-1.pt'], { last_completed_epoch: 1, checkpoint: 'ckpt-1.pt' });
    expect(find({ epochBase: 0 })).toMatchObject({ epoch: 1 });
    expect(written()).toMatchObject({ last_completed_epoch: 0, checkpoint: 'ckpt-0.pt' });
  });

  test('folders, zeros before the number, and anything behind it', () => {
    lay(['run/epoch_0001-loss=0.5/model.pt', '!run/epoch_0002-loss=0.4/model.pt'], { last_completed_epoch: 2 });
    const pattern = 'run/epoch_{epoch}-loss=*';
    expect(find({ pattern })).toMatchObject({ epoch: 1 });
    expect(written()).toMatchObject({ checkpoint: 'run/epoch_0001-loss=0.5' });
    expect(readdirSync(join(directory, 'quarantine/0001'))).toContain('epoch_0002-loss=0.4');
  });

  test('absolute paths stay absolute, and a quarantine lies beside them', () => {
    const elsewhere = join(directory, 'elsewhere');
    const checkpoints = join(directory, 'checkpoints');
    lay(['elsewhere/e1.pt', '!elsewhere/e2.pt'], {});
    mkdirSync(checkpoints);
    const info = { last_completed_epoch: 2, checkpoint: join(elsewhere, 'e2.pt') };
    writeFileSync(epochInfoPath(checkpoints), JSON.stringify(info));
    expect(findResumable(checkpoints)).toMatchObject({ kind: 'foreign', epochInfo: { last_completed_epoch: 1 } });
    expect(JSON.parse(readFileSync(epochInfoPath(checkpoints), 'utf8')).checkpoint).toBe(join(elsewhere, 'e1.pt'));
    expect(readdirSync(elsewhere)).toEqual(['e1.pt', 'quarantine']);
  });

  test('inside an epoch: the complete one is stepped back to', () => {
    const partial = { epoch: 3, step: 5, checkpoint: 'inside.pt' };
    lay(['ckpt-1.pt', 'ckpt-2.pt', '!inside.pt'], { last_completed_epoch: 2, checkpoint: 'ckpt-2.pt', partial });
    expect(find()).toMatchObject({ epoch: 2 });
    expect(written()).toEqual({ last_completed_epoch: 2, checkpoint: 'ckpt-2.pt' });
  });

  test('without a pattern, names that do not tell the epoch: it says so, and moves nothing', () => {
    lay(['!last.pt', 'v2-2.pt'], { last_completed_epoch: 2, checkpoint: 'last.pt' });
    expect(find()).toMatchObject({ epoch: 2, notes: expect.stringContaining('set trainer.checkpoint_pattern') });
    expect(readdirSync(directory)).toEqual(['epoch_info.json', 'last.pt', 'v2-2.pt']);
  });

  test('no earlier one is good: it says so, and moves nothing', () => {
    lay(['!ckpt-1.pt', '!ckpt-2.pt'], { last_completed_epoch: 2, checkpoint: 'ckpt-2.pt' });
    expect(find()).toMatchObject({ epoch: 2, notes: expect.stringContaining('launching with what there is') });
    expect(readdirSync(directory)).toEqual(['ckpt-1.pt', 'ckpt-2.pt', 'epoch_info.json']);
  });

  test('going back on purpose: the newest good one goes, when there is one before it', () => {
    lay(['ckpt-1.pt', 'ckpt-2.pt'], { last_completed_epoch: 2, checkpoint: 'ckpt-2.pt' });
    expect(find({ stepBack: 'three times' }).notes).toContain('going back before ckpt-2.pt (three times); moved to');
    expect(written()).toMatchObject({ last_completed_epoch: 1 });
    expect(find({ stepBack: 'three times' })).toMatchObject({ epoch: 1 });
    expect(readdirSync(directory)).toContain('ckpt-1.pt');
  });
});

describe('a crash at every operation of stepping back', () => {
  test('the next resume finds the same checkpoint, and nothing is lost', () => {
    const names = ['ckpt-1.pt', '!ckpt-2.pt', '!ckpt-3.pt'];
    const prepare = () => {
      rmSync(directory, { recursive: true, force: true });
      lay(names, { last_completed_epoch: 3, checkpoint: 'ckpt-3.pt' });
    };
    prepare();
    const { files, count } = failingFiles(-1, new Error('never'), false);
    find({ files });
    expect(count()).toBeGreaterThan(12);
    for (let at = 0; at < count(); at++) {
      prepare();
      const crash = new Error('crash');
      expect(() => find({ files: failingFiles(at, crash, true).files })).toThrow(crash.message);
      expect(find(), `operation ${at}`).toMatchObject({ epoch: 1 });
      expect(written()).toMatchObject({ last_completed_epoch: 1, checkpoint: 'ckpt-1.pt' });
      const left = readdirSync(directory, { recursive: true }).map(String);
      for (const name of names) expect(left.some((path) => path.endsWith(name.replace('!', '')))).toBe(true);
    }
  });
});

describe('patterns', () => {
  test.each([
    ['ckpt-3.pt', 3, 'ckpt-{epoch}.pt'],
    ['model_v2_epoch3.pt', 3, 'model_v2_epoch{epoch}.pt'],
    ['run7/ckpt-0003.pt', 3, 'run7/ckpt-{epoch}.pt'],
    ['model_v2_epoch2.pt', 2, undefined],
    ['step-1500.pt', 3, undefined],
    ['last.pt', 3, undefined],
    ['ckpt-*-3.pt', 3, undefined],
  ])('%s of epoch %i tells %s', (name, epoch, pattern) => expect(guessPattern(name, epoch)).toBe(pattern));

  test('what is found is sorted, newest first, and special characters mean themselves', () => {
    for (const name of ['a(1)-2.pt', 'a(1)-10.pt', 'a(1)-x.pt', 'a1-3.pt']) writeFileSync(join(directory, name), '');
    expect(findByPattern(directory, 'a(1)-{epoch}.pt')).toEqual([
      { epoch: 10, path: 'a(1)-10.pt' },
      { epoch: 2, path: 'a(1)-2.pt' },
    ]);
    expect(findByPattern(directory, 'none/{epoch}.pt')).toEqual([]);
  });
});
