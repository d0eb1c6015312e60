import { mkdtempSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { dataPath } from '../../../src/checkpoint/index.js';
import { runCommand } from '../../../src/cli/commands/index.js';
import { commitEpoch, float32 } from '../../checkpoint/support.js';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'checkpoint-command-'));
  for (let epoch = 1; epoch <= 3; epoch++)
    commitEpoch(directory, epoch, { tensors: [['w', float32([1, epoch, 3])]], maxCheckpoints: 3 });
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(directory, { recursive: true, force: true });
});

/** Runs `supervise checkpoint`; gives its exit code and what it prints. */
async function run(...argv: string[]) {
  let stdout = '';
  const keep = (text: unknown) => {
    stdout += String(text);
    return true;
  };
  vi.spyOn(process.stdout, 'write').mockImplementation(keep);
  vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
  const code = await runCommand('checkpoint', argv);
  vi.restoreAllMocks();
  return { code, stdout };
}

const at = (name: string) => join(directory, name);
const damage = (name: string) => truncateSync(dataPath(at(name)), 4);

describe('supervise checkpoint', () => {
  test('ls: epochs, marks and state', async () => {
    damage('ckpt-2');
    const { code, stdout } = await run('ls', directory);
    expect(code).toBe(0);
    const lines = stdout.trim().split('\n');
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatch(/^ckpt-1 {2}epoch 1 .*sample in order {2}best$/);
    expect(lines[1]).toMatch(/^ckpt-2 {2}epoch 2 .*damaged$/);
    expect(lines[2]).toMatch(/^ckpt-3 {2}epoch 3 .*newest$/);
    const json = JSON.parse((await run('ls', directory, '--full', '--json')).stdout);
    expect(json[2]).toMatchObject({ name: 'ckpt-3', is_newest: true, is_best: false, checked: 'full', ok: true });
  });

  test('show: the newest of a directory, with statistics', async () => {
    const { code, stdout } = await run('show', directory, 'w');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^dtype +shape +bytes +min +max +mean +NaN +inf +name\n/);
    expect(stdout).toMatch(/^float32 +\[3\] +12 B +1 +3 +2.3333 +0 +0 +w$/m);
    expect(JSON.parse((await run('show', at('ckpt-1'), 'w', '--json')).stdout)).toEqual([
      { name: 'w', dtype: 'float32', shape: [3], bytes: 12, min: 1, max: 3, mean: 5 / 3, nan: 0, infinite: 0 },
    ]);
  });

  test('verify: 0 and 65', async () => {
    expect(await run('verify', directory)).toMatchObject({ code: 0, stdout: expect.stringContaining('in order') });
    damage('ckpt-2');
    expect(await run('verify', directory)).toMatchObject({ code: 65 });
    expect(await run('verify', at('ckpt-2'))).toMatchObject({ code: 65, stdout: expect.stringContaining('damaged') });
    expect(await run('verify', at('ckpt-3.index'))).toMatchObject({ code: 0 });
    await expect(run('verify', at('ckpt-9'))).rejects.toMatchObject({ code: 'CHECKPOINT_MISSING' });
  });

  test('diff: 0 and 1', async () => {
    expect(await run('diff', at('ckpt-1'), at('ckpt-1'))).toEqual({ code: 0, stdout: 'equal\n' });
    const { code, stdout } = await run('diff', at('ckpt-1'), directory);
    expect(code).toBe(1);
    expect(stdout).toBe(
      'w: 1 values, first at [1]: 1 ≠ 3; at most 2 absolute, 0.66667 relative\n1 of 2 tensors differ\n',
    );
  });

  test('export and import', async () => {
    const file = at('also/new/w.safetensors');
    expect(await run('export', directory, file)).toMatchObject({ code: 0 });
    await expect(run('export', directory, file)).rejects.toMatchObject({ code: 'USAGE' });
    expect(await run('import', file, at('new/folder/copy'))).toMatchObject({ code: 0 });
    expect(await run('diff', at('ckpt-3'), at('new/folder/copy'))).toMatchObject({ code: 0 });
    expect(await run('show', file)).toMatchObject({ code: 0, stdout: expect.stringContaining('float32') });
  });

  test('wrong usage says what there is', async () => {
    await expect(run()).rejects.toMatchObject({ code: 'USAGE' });
    await expect(run('frobnicate')).rejects.toThrow(/no action "frobnicate"[\s\S]*ls \| show \| verify/);
    await expect(run('diff', directory)).rejects.toThrow('an argument is missing');
    await expect(run('ls', at('nowhere'))).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' });
  });
});
