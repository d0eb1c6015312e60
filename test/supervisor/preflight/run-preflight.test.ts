import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { writeBundle } from '../../../src/checkpoint/index.js';
import { loadExperiment, resolveRun } from '../../../src/config/index.js';
import { exitCodeOfFindings, runPreflight } from '../../../src/supervisor/preflight/run-preflight.js';

function openFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'supervise-preflight-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Checks an experiment in a folder, in full. */
async function check(folder: string, changes: Record<string, unknown> = {}, isQuick = false) {
  const text = JSON.stringify({ experiment_name: 'night', epochs: 4, trainer: { command: ['sh'] }, ...changes });
  const loaded = loadExperiment({ path: join(folder, 'night.json'), text });
  const run = resolveRun(loaded, folder);
  const findings = await runPreflight({ loaded, run, referenceTrainer: [process.execPath, 'train.js'], isQuick });
  const of = (title: string) => findings.filter((finding) => finding.title === title);
  return { code: exitCodeOfFindings(findings), of };
}

test.each<[string, Record<string, unknown>, number, string, string]>([
  ['no working directory', { trainer: { command: ['sh'], cwd: 'nowhere' } }, 69, 'command', 'directory is missing'],
  ['no executable', { trainer: { command: ['./file'] } }, 69, 'command', 'may not be executed'],
  ['a directory as executable', { trainer: { command: ['./folder'] } }, 69, 'command', 'it is a directory'],
  ['no interpreter', { trainer: { command: ['./no-sh'] } }, 69, 'command', 'names /no/sh, which is not there'],
  ['no interpreter on the PATH', { trainer: { command: ['./no-env'] } }, 69, 'command', 'names no-such, which'],
  ['Windows line ends', { trainer: { command: ['./windows'] } }, 69, 'command', 'carriage return'],
  ['missing data', { trainer: {}, data: { tfrecord_path: '/no/x.tfrecord' } }, 78, 'data', '/no/x.tfrecord'],
  ['missing weights', { trainer: {}, model: { recognizer: { weights: '/no/ckpt-1' } } }, 78, 'data', '/no/ckpt-1'],
  ['a file for a directory', { checkpoint_dir: 'file' }, 78, 'directories', 'is no directory'],
])('%s', async (_, changes, code, title, what) => {
  const folder = openFolder();
  writeFileSync(join(folder, 'file'), '');
  mkdirSync(join(folder, 'folder'));
  const scripts = { 'no-sh': '#! /no/sh -e\n', 'no-env': '#!/usr/bin/env no-such\n', windows: '#!/bin/sh\r\n' };
  for (const [name, text] of Object.entries(scripts)) writeFileSync(join(folder, name), text, { mode: 0o755 });
  for (const isQuick of [true, false]) {
    const result = await check(folder, changes, isQuick);
    expect(result.code).toBe(code);
    const expected = { level: 'failure', what: expect.stringContaining(what), fix: expect.any(String) };
    expect(result.of(title)).toMatchObject([expected]);
  }
  expect(readdirSync(folder).sort()).toEqual(['file', 'folder', 'no-env', 'no-sh', 'windows']);
});

test('a file as big as the newest checkpoint is written and read; that one is verified too; nothing is left', async () => {
  const folder = openFolder();
  const bytes = 3 * 1024 * 1024;
  mkdirSync(join(folder, 'ckpt'));
  writeBundle(join(folder, 'ckpt/ckpt-2'), [['x', { dtype: 'uint8', shape: [bytes], data: new Uint8Array(bytes) }]]);
  const before = readdirSync(folder, { recursive: true });
  const good = await check(folder, { checkpoint_dir: 'ckpt' });
  expect(good.of('checkpoint')[0]?.what).toMatch(/^3\.0 MiB written at .* read back and verified at /);
  expect(good.of('disk')[0]?.what).toContain('more checkpoints of 3.0 MiB');
  expect(good.of('resume')).toMatchObject([{ level: 'ok' }]);
  expect(readdirSync(folder, { recursive: true })).toEqual(before);
  const data = join(folder, 'ckpt/ckpt-2.data-00000-of-00001');
  const damaged = readFileSync(data);
  damaged[7] = 1;
  writeFileSync(data, damaged);
  const bad = await check(folder, { checkpoint_dir: 'ckpt' });
  expect([bad.code, bad.of('resume')[0]?.level]).toEqual([0, 'warning']);
});

test('files of the future', async () => {
  const folder = openFolder();
  mkdirSync(join(folder, 'runs/night'), { recursive: true });
  const later = new Date(Date.now() + 3_600_000);
  writeFileSync(join(folder, 'runs/night/status.json'), '{}');
  utimesSync(join(folder, 'runs/night/status.json'), later, later);
  expect((await check(folder)).of('clock')).toMatchObject([{ level: 'warning' }]);
});

describe('the GPU', () => {
  const wanted = { training: { gpu_id: '0' } };

  test.each<[string, string, number, string, string]>([
    ['is well', 'echo "0, GPU-1, NVIDIA H200, 30, 1000, 10, 0"', 0, 'ok', '30 °C'],
    ['is hot', 'echo "0, GPU-1, NVIDIA H200, 91, 1000, 10, 0"', 0, 'warning', '91 °C'],
    ['is not there', 'echo "1, GPU-1, NVIDIA H200, 30, 1000, 10, 0"', 69, 'failure', 'GPU 0 is not there (there is 1)'],
    ['has lost its driver', 'echo "Driver/library version mismatch"; exit 18', 69, 'failure', 'version mismatch'],
  ])('%s', async (_, script, code, level, what) => {
    const folder = openFolder();
    writeFileSync(join(folder, 'nvidia-smi'), `#!/bin/sh\n${script}\n`);
    chmodSync(join(folder, 'nvidia-smi'), 0o755);
    vi.stubEnv('PATH', `${folder}:${process.env['PATH']}`);
    onTestFinished(() => void vi.unstubAllEnvs());
    const result = await check(folder, wanted);
    expect(result.code).toBe(code);
    expect(result.of('GPU')).toMatchObject([{ level, what: expect.stringContaining(what) }]);
  });

  test('is not asked for before a launch that wants none', async () => {
    expect((await check(openFolder(), {}, true)).of('GPU')).toEqual([]);
  });
});
