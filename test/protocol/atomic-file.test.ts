import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeFileAtomic } from '../../src/protocol/atomic-file.js';
import { systemErrorCode } from '../../src/protocol/errors.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'atomic-'));
});
afterEach(() => {
  chmodSync(folder, 0o755);
  rmSync(folder, { recursive: true, force: true });
});

test('replaces the file and leaves nothing beside it', () => {
  const path = join(folder, 'a.json');
  writeFileAtomic(path, 'one');
  writeFileAtomic(path, 'two', { durable: false });
  expect(readFileSync(path, 'utf8')).toBe('two');
  expect(readdirSync(folder)).toEqual(['a.json']);
});

test('when the rename fails the temporary file is removed and the target is untouched', () => {
  const target = join(folder, 'taken');
  mkdirSync(target);
  writeFileSync(join(target, 'precious'), 'x');
  let code: string | undefined;
  try {
    writeFileAtomic(target, 'new');
  } catch (error) {
    code = systemErrorCode(error);
  }
  expect(code).toBe('EISDIR');
  expect(readdirSync(folder)).toEqual(['taken']);
  expect(readFileSync(join(target, 'precious'), 'utf8')).toBe('x');
});

test('a missing directory is the system’s error', () => {
  expect(() => writeFileAtomic(join(folder, 'no', 'a'), '')).toThrow(/ENOENT/);
});
