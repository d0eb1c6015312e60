import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { readJson, waitFor } from '../../e2e/support.js';
import { repository } from '../support.js';
import { type CommandBench, isLiving, openCommandBench } from './support.js';

let bench: CommandBench;
afterEach(() => bench.close());

const kill = (pid: number | null) => process.kill(pid ?? Number.NaN, 'SIGKILL');
const isGone = (pid: number | null) => waitFor(`the end of ${pid}`, () => !isLiving(pid));

describe('supervise start --detach', () => {
  test('returns when the run is taken on, and the supervisor survives the shell', async () => {
    bench = openCommandBench();
    const script = `${process.execPath} ${join(repository, 'bin/supervise.js')} start night.json -d; kill -9 $$`;
    const shell = spawnSync('sh', ['-c', script], { cwd: bench.folder, encoding: 'utf8' });
    expect(shell.signal).toBe('SIGKILL');
    const { supervisor_pid: pid } = bench.status();
    expect(shell.stdout).toContain(`supervisor ${pid}\n  run directory  ${bench.runDir}\n`);
    expect(sessionOf(pid)).toBe(pid);
    await bench.waitForNote('epoch 2');
    bench.go();
    await isGone(pid);
    expect(bench.status()).toMatchObject({ state: 'completed', epochs_completed: 4 });
    expect(readFileSync(join(bench.runDir, 'supervisor.out'), 'utf8')).toContain('night: all done, 4/4 epochs');
    const again = await bench.run('start', 'night.json', '--detach');
    expect(again).toMatchObject({ code: 0, stderr: '' });
    expect(again.stdout).toContain('all done');
  });

  test('says why nothing was started, with the exit code that belongs to it', async () => {
    bench = openCommandBench();
    await bench.startHeld();
    const { supervisor_pid: pid } = bench.status();
    const second = await bench.run('start', 'night.json', '--detach');
    expect(second).toMatchObject({ code: 79, stdout: '' });
    expect(second.stderr).toContain(`supervisor ${pid} keeps it`);
    expect(await bench.run('start', 'night.json', '--detach', '--epochs', 'x')).toMatchObject({ code: 78 });
    expect(await bench.run('start', '--detach')).toMatchObject({ code: 64 });
    expect(bench.status().supervisor_pid).toBe(pid);
    expect(await bench.run('stop')).toMatchObject({ code: 0 });
  });

  test('without --detach it is the plain form', async () => {
    bench = openCommandBench({ trainer: { env: {} } });
    const { code, stdout } = await bench.run('start', 'night.json', '--epochs', '1');
    expect(code).toBe(0);
    expect(stdout).toContain('night: all done, 1/1 epochs');
  });
});

describe('supervise status', () => {
  test('tells of a run at work, stopped, and complete', async () => {
    bench = openCommandBench();
    await bench.startHeld();
    const { supervisor_pid: pid, trainer_pid: trainer } = bench.status();
    for (const named of [[], ['night.json']]) {
      const { code, stdout } = await bench.run('status', ...named);
      expect(code).toBe(0);
      for (const text of ['running', '2/4', `${pid}, alive`, `${trainer}, alive`, 'at risk now', 'output.log'])
        expect(stdout).toContain(text);
    }
    await bench.run('stop');
    const stopped = await bench.run('status', '--json');
    expect(stopped.code).toBe(3);
    expect(JSON.parse(stopped.stdout)).toMatchObject({
      ...{ name: 'night', supervision: 'ended', supervisor_alive: false, orphans: [] },
      status: { state: 'stopped', epochs_completed: 2 },
    });
    await bench.run('night.json');
    expect(await bench.run('status')).toMatchObject({ code: 0, stdout: expect.stringContaining('completed') });
  });

  test('tells of a dead supervisor, with and without a living trainer', async () => {
    bench = openCommandBench();
    await bench.startHeld();
    const { supervisor_pid: pid, trainer_pid: trainer } = bench.status();
    kill(pid);
    await isGone(pid);
    const orphaned = await bench.run('status');
    expect(orphaned.code).toBe(3);
    expect(orphaned.stdout).toContain(`supervisor dead; trainer ${trainer} still runs (start again to adopt it)`);
    kill(trainer);
    await isGone(trainer);
    const dead = await bench.run('status');
    expect(dead.code).toBe(3);
    expect(dead.stdout).toContain('start again to continue');
    expect(JSON.parse((await bench.run('status', '--json')).stdout)).toMatchObject({ supervision: 'dead' });
  });

  test('tells the class of the last failure and the next launch of a run that backs off', async () => {
    bench = openCommandBench({
      fixture: 'exits-with-code',
      trainer: { env: { CODE: '1', LAST_WORDS: 'CUDA out of memory' } },
      restart: { initial_delay_ms: 1e9, max_delay_ms: 1e9 },
    });
    expect((await bench.run('start', '-d', 'night.json')).code).toBe(0);
    await waitFor('the backoff', () => bench.status().state === 'backingOff');
    const { code, stdout } = await bench.run('status');
    expect(code).toBe(0);
    expect(stdout).toMatch(/backingOff: next launch in \d/);
    expect(stdout).toContain('gpu-memory: ');
    await bench.run('stop');
  });

  test('is the list when there are several, and says what there is when there is no such run', async () => {
    bench = openCommandBench({ trainer: { env: {} } });
    const none = await bench.run('status');
    expect(none).toMatchObject({ code: 66, stdout: '' });
    expect(await bench.run('status', 'night.json')).toMatchObject({
      code: 66,
      stderr: expect.stringContaining('no run yet'),
    });
    await bench.run('night.json');
    await bench.run('night.json', '--set', 'experiment_name=day');
    for (const command of ['status', 'list']) {
      const { code, stdout } = await bench.run(command);
      expect(code).toBe(0);
      expect(stdout.split('\n').map((line) => line.split(/ +/).slice(0, 3))).toEqual([
        ['day', 'completed', '4/4'],
        ['night', 'completed', '4/4'],
        [''],
      ]);
    }
    expect(JSON.parse((await bench.run('list', '--json', '--runs-dir', 'runs')).stdout)).toHaveLength(2);
    const several = await bench.run('stop');
    expect(several).toMatchObject({ code: 66, stderr: expect.stringContaining('there is day, night') });
    expect(await bench.run('status', 'nihgt')).toMatchObject({ code: 66 });
  });
});

describe('supervise stop', () => {
  test('lets the trainer save; a run that does not run is no error', async () => {
    bench = openCommandBench();
    await bench.startHeld();
    const { supervisor_pid: pid } = bench.status();
    const { code, stdout } = await bench.run('stop', 'night');
    expect(code).toBe(0);
    expect(stdout).toContain('night is stopped at 2/4 epochs');
    expect(stdout).toContain(join(bench.runDir, 'checkpoints'));
    expect(isLiving(pid)).toBe(false);
    expect(bench.notes()).toContain('SIGTERM');
    expect(await bench.run('stop')).toMatchObject({ code: 0, stdout: expect.stringContaining('is stopped at 2/4') });
  });

  test('twice is not more urgent than once; --force is', async () => {
    bench = openCommandBench({ fixture: 'ignores-sigterm', restart: { stop_grace_ms: 600_000 } });
    await bench.run('start', 'night.json', '-d');
    await bench.waitForNote('start');
    const first = bench.begin('stop');
    await bench.waitForNote('SIGTERM ignored');
    await waitFor('the request', () => bench.status().stop_reason !== null);
    const second = bench.begin('stop');
    await waitFor('its answer', () => second.stdout().includes('is stopping already'));
    expect(isLiving(bench.status().trainer_pid)).toBe(true);
    expect((await bench.run('stop', '--force')).code).toBe(0);
    expect([await first.ended, await second.ended]).toEqual([0, 0]);
    expect(bench.status()).toMatchObject({ state: 'stopped', trainer_pid: null });
  });

  test('gives a trainer without a supervisor its SIGTERM and its grace', async () => {
    bench = openCommandBench();
    await bench.startHeld();
    const { supervisor_pid: pid, trainer_pid: trainer } = bench.status();
    kill(pid);
    await isGone(pid);
    const { code, stdout } = await bench.run('stop');
    expect(code).toBe(0);
    expect(stdout).toContain(`adopting trainer ${trainer} to stop it`);
    expect(stdout).toContain('night is stopped at 2/4 epochs');
    expect(isLiving(trainer)).toBe(false);
    expect(bench.notes()).toContain(`${trainer} SIGTERM`);
    expect(bench.notes().match(/start/g)).toHaveLength(1);
  });

  test('does not wait for a trainer without a supervisor with --force', async () => {
    bench = openCommandBench({ fixture: 'ignores-sigterm', restart: { stop_grace_ms: 600_000 } });
    await bench.run('start', 'night.json', '-d');
    await bench.waitForNote('start');
    const { supervisor_pid: pid } = bench.status();
    kill(pid);
    await isGone(pid);
    const { code, stdout } = await bench.run('stop', '--force');
    expect(code).toBe(0);
    expect(stdout).toContain('ending the trainer now');
    expect(bench.status()).toMatchObject({ state: 'stopped', trainer_pid: null });
  });

  test('ends what a crashed trainer has left when the supervisor is dead too, and launches none', async () => {
    bench = openCommandBench({
      fixture: 'leaves-grandchild',
      restart: { initial_delay_ms: 1e9, max_delay_ms: 1e9 },
    });
    expect((await bench.run('start', 'night.json', '-d')).code).toBe(0);
    await waitFor('the backoff', () => bench.status().state === 'backingOff');
    const grandchild = Number(/grandchild (\d+)/.exec(bench.notes())?.[1]);
    const { supervisor_pid: pid } = bench.status();
    kill(pid);
    await isGone(pid);
    expect(isLiving(grandchild)).toBe(true);
    const status = await bench.run('status');
    expect(status).toMatchObject({ code: 3, stdout: expect.stringContaining(`${grandchild} of its trainer are left`) });
    expect((await bench.run('stop')).code).toBe(0);
    expect(isLiving(grandchild)).toBe(false);
    expect(bench.notes().match(/start/g)).toHaveLength(1);
    expect(bench.status().state).toBe('stopped');
  });

  test('never signals a stranger with the pid of the supervisor', async () => {
    bench = openCommandBench();
    await bench.startHeld();
    const { supervisor_pid: pid } = bench.status();
    const path = join(bench.runDir, 'lock');
    const lock = readJson(path);
    // As after a reboot: the same pid, started at another time.
    writeFileSync(`${path}.new`, JSON.stringify({ ...lock, start_time: '1' }));
    renameSync(`${path}.new`, path);
    const { stdout } = await bench.run('status');
    expect(stdout).toContain('supervisor dead');
    expect(isLiving(pid)).toBe(true);
    writeFileSync(path, JSON.stringify(lock));
    await bench.run('stop');
    expect(isLiving(pid)).toBe(false);
  });
});

describe('supervise restart', () => {
  test('starts the run again as it was started, from any folder', async () => {
    bench = openCommandBench();
    await bench.startHeld('--epochs', '3', '--set', 'description=two words', '--no-restore');
    const { supervisor_pid: before } = bench.status();
    const { code, stdout } = await bench.run('restart', bench.runDir);
    expect(code).toBe(0);
    expect(stdout).toContain('night is stopped at 2/3 epochs');
    await waitFor('the end', () => bench.status().state === 'completed');
    const after = bench.status();
    expect(after).toMatchObject({ epochs_completed: 3, epochs_total: 3, attempt: 2 });
    expect(after.supervisor_pid).not.toBe(before);
    await isGone(after.supervisor_pid);
    expect(readJson(join(bench.runDir, 'experiment.json'))).toMatchObject({ description: 'two words' });
    expect(existsSync(join(bench.runDir, 'checkpoints/previous'))).toBe(false);
  });

  test('does not stop a run whose file could not be started', async () => {
    bench = openCommandBench();
    await bench.startHeld();
    writeFileSync(join(bench.folder, 'night.json'), '{ "epochs": 0 }');
    expect(await bench.run('restart')).toMatchObject({ code: 78 });
    expect(await bench.run('status', 'night')).toMatchObject({ code: 0, stdout: expect.stringContaining('running') });
    await bench.run('stop', 'night');
  });
});

/** The session of a process. Source: proc(5). */
function sessionOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[3]);
}
