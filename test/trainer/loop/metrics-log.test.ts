import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { appendMetrics, rewindMetrics } from '../../../src/trainer/loop/metrics-log.js';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'metrics-log-'));
  path = join(folder, 'deep', 'metrics.jsonl');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const epochs = () =>
  readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).epoch);

test('epochs after the last committed one are dropped, so that each epoch has one line', () => {
  for (const epoch of [1, 2, 3]) appendMetrics(path, { epoch, psnr: 20 + epoch });
  rewindMetrics(path, 2);
  appendMetrics(path, { epoch: 3, psnr: 99 });
  expect(epochs()).toEqual([1, 2, 3]);
  expect(readFileSync(path, 'utf8')).toContain('99');
});

test('a torn last line is dropped', () => {
  appendMetrics(path, { epoch: 1 });
  writeFileSync(path, `${readFileSync(path, 'utf8')}{"epoch":2,"ps`);
  rewindMetrics(path, 5);
  expect(epochs()).toEqual([1]);
});

test('no file is no problem', () => {
  expect(() => rewindMetrics(path, 0)).not.toThrow();
});
