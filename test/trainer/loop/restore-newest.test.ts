import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { dataPath, indexPath, writeBundle } from '../../../src/checkpoint/index.js';
import { rehearseRestore } from '../../../src/trainer/loop/restore-newest.js';
import { flipBit, float32 } from '../../checkpoint/support.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'supervise-rehearse-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const prefix = (epoch: number) => join(folder, `ckpt-${epoch}`);
const contents = () =>
  readdirSync(folder)
    .sort()
    .map((name) => [name, readFileSync(join(folder, name), 'base64')]);

it.each([
  ['good', () => undefined],
  ['torn', () => writeFileSync(indexPath(prefix(2)), 'no index')],
  ['damaged', () => flipBit(dataPath(prefix(2), 0, 1), 3, 0)],
  ['without its data', () => rmSync(dataPath(prefix(2), 0, 1))],
])('a rehearsed restore changes nothing and never fails: the newest checkpoint is %s', async (_, damage) => {
  for (const epoch of [1, 2]) writeBundle(prefix(epoch), [['a', float32([1, 2, 3])]]);
  damage();
  const before = contents();
  await rehearseRestore(folder);
  expect(contents()).toEqual(before);
});

it('a rehearsed restore does without a checkpoint, and without a folder', async () => {
  await rehearseRestore(folder);
  await rehearseRestore(join(folder, 'gone'));
  expect(contents()).toEqual([]);
});
