import { chmodSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { writeBundle } from '../../../src/checkpoint/index.js';
import { listAll } from '../support.js';
import { type CommandBench, openCommandBench } from './support.js';

let bench: CommandBench;
afterEach(() => bench.close());

interface Report {
  readonly ok: boolean;
  readonly exit_code: number;
  readonly findings: readonly {
    readonly title: string;
    readonly level: string;
    readonly what: string;
    readonly fix?: string;
  }[];
}

async function check(...args: string[]) {
  const { code, stdout, stderr } = await bench.run('check', 'night.json', '--json', ...args);
  expect(stderr).toBe('');
  const report = JSON.parse(stdout) as Report;
  expect([report.exit_code, report.ok]).toEqual([code, code === 0]);
  const of = (title: string) => report.findings.filter((finding) => finding.title === title);
  return { code, of, levels: Object.fromEntries(report.findings.map(({ title, level }) => [title, level])) };
}

/** Puts a program in front of the PATH, and lets the experiment want GPU 0. */
function openWithTool(script: string, more: Record<string, unknown> = {}): CommandBench {
  const env: Record<string, string> = {};
  const opened = openCommandBench({ env, trainer: { env: {} }, changes: { training: { gpu_id: '0' }, ...more } });
  const bin = join(opened.folder, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'nvidia-smi'), `#!/bin/sh\n${script}\n`);
  chmodSync(join(bin, 'nvidia-smi'), 0o755);
  env['PATH'] = `${bin}${delimiter}${process.env['PATH']}`;
  return opened;
}

describe('supervise check', () => {
  test('finds all well, really writes and verifies a checkpoint, and leaves nothing behind', async () => {
    bench = openCommandBench();
    const { code, stdout } = await bench.run('check', 'night.json');
    expect(code).toBe(0);
    for (const title of ['experiment', 'command', 'directories', 'disk', 'checkpoint', 'open files', 'clock', 'lock'])
      expect(stdout).toMatch(new RegExp(`^[✓!] ${title} `, 'm'));
    expect(stdout).toMatch(/✓ checkpoint .*MiB\/s, read back and verified/);
    expect(listAll(bench.folder)).toEqual(['night.json']);
  });

  test('measures with a file as big as the newest checkpoint, and verifies that one', async () => {
    bench = openCommandBench({ changes: { checkpoint_dir: 'ckpt' } });
    mkdirSync(join(bench.folder, 'ckpt'));
    const bytes = 3 * 1024 * 1024;
    writeBundle(join(bench.folder, 'ckpt/ckpt-2'), [
      ['x', { dtype: 'uint8', shape: [bytes], data: new Uint8Array(bytes) }],
    ]);
    const before = listAll(bench.folder);
    const good = await check();
    expect(good.of('checkpoint')[0]?.what).toMatch(/^3\.0 MiB written at /);
    expect(good.of('disk')[0]?.what).toContain('more checkpoints of 3.0 MiB');
    expect(good.levels['resume']).toBe('ok');
    expect(listAll(bench.folder)).toEqual(before);
    const data = join(bench.folder, 'ckpt/ckpt-2.data-00000-of-00001');
    const damaged = readFileSync(data);
    damaged[7] = 1;
    writeFileSync(data, damaged);
    expect(await check()).toMatchObject({ code: 0, levels: { resume: 'warning' } });
  });

  test.each<[string, Record<string, unknown>, number, string, string]>([
    ['no such program', { trainer: { command: ['no-such-program'] } }, 69, 'command', 'cannot start "no-such-program"'],
    [
      'no such working directory',
      { trainer: { command: ['sh'], cwd: 'nowhere' } },
      69,
      'command',
      'directory is missing',
    ],
    [
      'a file that may not be executed',
      { trainer: { command: ['./night.json'] } },
      69,
      'command',
      'may not be executed',
    ],
    ['missing data', { trainer: {}, data: { tfrecord_path: 'x.tfrecord' } }, 78, 'data', 'x.tfrecord'],
    ['missing weights', { trainer: {}, model: { recognizer: { weights: 'w/ckpt-1' } } }, 78, 'data', 'w/ckpt-1'],
    ['a file for a directory', { checkpoint_dir: 'night.json' }, 78, 'directories', 'is no directory'],
  ])('%s', async (_, changes, code, title, what) => {
    bench = openCommandBench({ changes });
    const result = await check();
    expect(result.code).toBe(code);
    expect(result.of(title)).toMatchObject([
      { level: 'failure', what: expect.stringContaining(what), fix: expect.any(String) },
    ]);
    expect(listAll(bench.folder)).toEqual(['night.json']);
    // The first launch comes to the same, and says so before it starts anything.
    const launch = await bench.run('night.json');
    expect(launch).toMatchObject({ code, stdout: '' });
    expect(launch.stderr).toContain(what);
    expect(launch.stderr).toContain('Nothing was started.');
    expect(listAll(bench.folder)).toEqual(['night.json']);
  });

  test("what is missing for somebody else's trainer is worth a look only", async () => {
    bench = openCommandBench({ changes: { data: { tfrecord_path: 'x.tfrecord' } }, trainer: { env: {} } });
    expect(await check()).toMatchObject({ code: 0, levels: { data: 'warning' } });
    const launch = await bench.run('night.json');
    expect(launch.code).toBe(0);
    expect(launch.stderr).toContain('! data');
    // It has been launched: the next start asks no more.
    expect((await bench.run('night.json', '--epochs', '5')).stderr).toBe('');
  });

  test('a run that is under way', async () => {
    bench = openCommandBench();
    await bench.startHeld();
    const { code, of } = await check();
    expect(code).toBe(79);
    expect(of('lock')[0]).toMatchObject({
      level: 'failure',
      fix: `let it run, or end it: supervise stop ${bench.runDir}`,
    });
    await bench.run('stop');
  });

  test('files of the future', async () => {
    bench = openCommandBench();
    mkdirSync(bench.runDir, { recursive: true });
    const later = new Date(Date.now() + 3_600_000);
    writeFileSync(join(bench.runDir, 'status.json'), '{}');
    utimesSync(join(bench.runDir, 'status.json'), later, later);
    expect((await check()).levels['clock']).toBe('warning');
  });
});

// A launch waits for the tool for a tenth of a second only, which a busy machine may need for the fake.
describe('the GPU', { retry: 2 }, () => {
  test.each<[string, string, number, string, string]>([
    ['is well', 'echo "0, GPU-1, NVIDIA H200, 30, 1000, 10, 0"', 0, 'ok', '30 °C'],
    ['is hot', 'echo "0, GPU-1, NVIDIA H200, 91, 1000, 10, 0"', 0, 'warning', '91 °C'],
    ['is not there', 'echo "1, GPU-1, NVIDIA H200, 30, 1000, 10, 0"', 69, 'failure', 'GPU 0 is not there (there is 1)'],
    ['has lost its driver', 'echo "Driver/library version mismatch"; exit 18', 69, 'failure', 'version mismatch'],
  ])('%s', async (_, script, code, level, what) => {
    bench = openWithTool(script);
    const result = await check();
    expect(result.code).toBe(code);
    expect(result.of('GPU')).toMatchObject([{ level, what: expect.stringContaining(what) }]);
    const launch = await bench.run('night.json', '--epochs', '1');
    expect(launch.code).toBe(code);
    if (level === 'ok') expect(launch.stderr).toBe('');
    else expect(launch.stderr).toContain(what);
  });

  test('that does not answer at once does not hold up a launch', async () => {
    bench = openWithTool('exec sleep 60');
    const launch = await bench.run('night.json', '--epochs', '1');
    expect(launch).toMatchObject({ code: 0, stderr: '' });
  });
});
