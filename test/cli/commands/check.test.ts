import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { listAll } from '../support.js';
import { type CommandBench, openCommandBench } from './support.js';

let bench: CommandBench;
afterEach(() => bench.close());

/** Puts an nvidia-smi in front of the PATH, and lets the experiment want GPU 0. */
function openWithTool(script: string): CommandBench {
  const env: Record<string, string> = {};
  const opened = openCommandBench({ env, trainer: { env: {} }, changes: { training: { gpu_id: '0' } } });
  const bin = join(opened.folder, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'nvidia-smi'), `#!/bin/sh\n${script}\n`);
  chmodSync(join(bin, 'nvidia-smi'), 0o755);
  env['PATH'] = `${bin}${delimiter}${process.env['PATH']}`;
  return opened;
}

describe('supervise check', () => {
  test('finds all well, and leaves nothing behind', async () => {
    bench = openCommandBench();
    const { code, stdout } = await bench.run('check', 'night.json');
    expect(code).toBe(0);
    for (const title of ['experiment', 'command', 'directories', 'disk', 'checkpoint', 'open files', 'clock', 'lock'])
      expect(stdout).toMatch(new RegExp(`^[✓!] ${title} `, 'm'));
    expect(listAll(bench.folder)).toEqual(['night.json']);
  });

  test('says what to do; the first launch comes to the same, before it starts anything', async () => {
    bench = openCommandBench({ changes: { trainer: { command: ['no-such-program'] } } });
    const { code, stdout } = await bench.run('check', 'night.json', '--json');
    expect(code).toBe(69);
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({ ok: false, exit_code: 69 });
    const what = expect.stringContaining('cannot start "no-such-program"');
    expect(report.findings).toContainEqual(expect.objectContaining({ title: 'command', level: 'failure', what }));
    const launch = await bench.run('night.json');
    expect(launch).toMatchObject({ code: 69, stdout: '' });
    for (const text of ['✗ command  cannot start "no-such-program"', '→ ', 'Nothing was started.'])
      expect(launch.stderr).toContain(text);
    expect(listAll(bench.folder)).toEqual(['night.json']);
  });

  test("what is missing for somebody else's trainer stops nothing, and is told at the first launch only", async () => {
    bench = openCommandBench({ changes: { data: { tfrecord_path: 'x.tfrecord' } }, trainer: { env: {} } });
    const launch = await bench.run('night.json');
    expect(launch).toMatchObject({ code: 0, stderr: expect.stringContaining('! data') });
    expect(await bench.run('night.json', '--epochs', '5')).toMatchObject({ code: 0, stderr: '' });
  });

  test('a run that is under way', async () => {
    bench = openCommandBench();
    await bench.startHeld();
    const { code, stdout } = await bench.run('check', 'night.json');
    expect(code).toBe(79);
    expect(stdout).toContain(`let it run, or end it: supervise stop ${bench.runDir}`);
    await bench.run('stop');
  });
});

describe('the GPU before a launch', () => {
  // A launch waits for the tool for a tenth of a second only, which a busy machine may need for the fake.
  test('that is not there is told', { retry: 3 }, async () => {
    bench = openWithTool('echo "1, GPU-1, NVIDIA H200, 30, 1000, 10, 0"');
    const launch = await bench.run('night.json', '--epochs', '1');
    expect(launch).toMatchObject({ code: 69, stderr: expect.stringContaining('GPU 0 is not there') });
  });

  test('that does not answer at once does not hold it up', async () => {
    bench = openWithTool('exec sleep 60');
    const launch = await bench.run('night.json', '--epochs', '1');
    expect(launch).toMatchObject({ code: 0, stderr: '' });
  });
});
