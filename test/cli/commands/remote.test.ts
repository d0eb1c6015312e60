import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { openLoopbackStore } from '../../../src/chaos/index.js';
import { findResumable } from '../../../src/checkpoint/index.js';
import { runCommand } from '../../../src/cli/commands/index.js';
import { setEnvironment } from '../../checkpoint/remote/support.js';
import { commitEpoch, float32 } from '../../checkpoint/support.js';

let folder: string;
let restoreEnvironment = () => undefined as unknown;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'remote-command-'));
  mkdirSync(join(folder, 'nas'));
});
afterEach(() => {
  vi.restoreAllMocks();
  restoreEnvironment();
  rmSync(folder, { recursive: true, force: true });
});

const checkpoints = () => join(folder, 'run/checkpoints');
const commit = (epoch: number) => commitEpoch(checkpoints(), epoch, { tensors: [['w', float32([epoch])]] });

function experiment(remote: unknown): string {
  const path = join(folder, 'night.json');
  const content = { experiment_name: 'night', epochs: 9, run_dir: join(folder, 'run'), checkpoints: { remote } };
  writeFileSync(path, JSON.stringify({ ...content, trainer: { command: ['true'] } }));
  return path;
}

/** Runs a command; gives its exit code, or the error that it ends with, and what it prints. */
async function run(name: 'check' | 'checkpoint', ...argv: string[]) {
  let stdout = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    stdout += String(text);
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
  const outcome = await runCommand(name, argv).then(
    (code) => ({ code, error: undefined }),
    (error) => ({ code: undefined, error }),
  );
  vi.restoreAllMocks();
  return { ...outcome, stdout };
}

/** The line of the store in the list of findings, and what is to be done about it. */
async function findingOf(path: string) {
  const { findings } = JSON.parse((await run('check', path, '--json')).stdout);
  return findings.find(({ title }: { title: string }) => title === 'remote store');
}

describe('supervise checkpoint with a remote store', () => {
  test('pushes, lists and pulls', async () => {
    const path = experiment(`file://${join(folder, 'nas')}`);
    commit(1);
    commit(2);
    expect((await run('checkpoint', 'push', path)).stdout).toMatch(/^ckpt-2 \(epoch 2\) is at file:.*nas now: /);
    expect((await run('checkpoint', 'push', path)).stdout).toMatch(/^ckpt-2 \(epoch 2\) is at file:.*nas already/);
    expect((await run('checkpoint', 'ls', path, '--remote')).stdout).toMatch(
      /^ckpt-2 +epoch 2 .* newest +training of 20/m,
    );
    const [listed] = JSON.parse((await run('checkpoint', 'ls', path, '--remote', '--json')).stdout).slice(-1);
    expect(listed).toMatchObject({ checkpoint: 'ckpt-2', epoch: 2, step: 0, is_newest: true });
    expect((await run('checkpoint', 'pull', path)).error).toMatchObject({ code: 'USAGE' });
    const forced = await run('checkpoint', 'pull', path, '--force');
    expect(forced.stdout).toMatch(/What was here is in .*previous\/0001\n.*ckpt-2 \(epoch 2\) is in /s);
    expect(findResumable(checkpoints())).toMatchObject({ kind: 'checkpoint', checkpoint: 'ckpt-2', notes: [] });
    // The best one comes along.
    expect(readdirSync(checkpoints())).toContain('ckpt-1.index');
  });

  test('says what to do when the store is not there, or none is named', async () => {
    const absent = experiment(`file://${join(folder, 'absent')}`);
    commit(1);
    const { error } = await run('checkpoint', 'push', absent);
    expect(error).toMatchObject({
      code: 'REMOTE_STORE',
      exitCode: 69,
      problem: { hint: 'mount it, or make the folder' },
    });
    const { error: none } = await run('checkpoint', 'push', experiment({}));
    expect(none).toMatchObject({ code: 'USAGE', message: expect.stringContaining('has no remote store') });
  });
});

describe('supervise check with a remote store', () => {
  test('tries it, and leaves nothing behind', async () => {
    expect(await findingOf(experiment({}))).toBeUndefined();
    const finding = await findingOf(experiment(`file://${join(folder, 'nas')}`));
    expect(finding).toMatchObject({ level: 'ok', what: expect.stringContaining('no checkpoint of this run yet') });
    expect(readdirSync(join(folder, 'nas'))).toEqual([]);
  });

  test('tells what has to be corrected from what passes', async () => {
    const store = await openLoopbackStore(join(folder, 'store'));
    const { accessKeyId: id, secretAccessKey: secret } = store.keys;
    const HOME = folder;
    restoreEnvironment = setEnvironment({ HOME, AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined });
    const path = experiment({ url: 's3://bucket/x', endpoint: store.endpoint });
    expect(await findingOf(path)).toMatchObject({
      level: 'failure',
      what: expect.stringContaining('no credentials'),
      fix: expect.stringContaining('~/.aws/credentials'),
    });
    mkdirSync(join(folder, '.aws'));
    const keys = (value: string) => `[default]\naws_access_key_id = ${id}\naws_secret_access_key = ${value}\n`;
    writeFileSync(join(folder, '.aws/credentials'), keys('wrong'));
    expect(await findingOf(path)).toMatchObject({ level: 'failure', what: expect.stringContaining('403') });
    writeFileSync(join(folder, '.aws/credentials'), keys(secret));
    const found = await findingOf(path);
    expect(found).toMatchObject({ level: 'ok', what: expect.stringContaining('profile [default]') });
    expect(JSON.stringify(found)).not.toContain(secret);
    store.setMode('down');
    expect(await findingOf(path)).toMatchObject({
      level: 'warning',
      what: expect.stringContaining('cannot be reached'),
    });
    await store.close();
  });

  test('refuses a URL with a password, and shows it nowhere', async () => {
    const { error } = await run('check', experiment('s3://AKIA:hunter2@bucket/x'));
    expect(error).toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringContaining('credentials belong') });
    expect(error.message).not.toContain('hunter2');
  });
});
