import { spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { parseJournal } from '../../src/protocol/index.js';
import { type Bench, openBench, type Run, readEpochInfo, readJson, waitFor } from './support.js';

const trainers = resolve(import.meta.dirname, '../fixtures/trainers');
const canMount = tryToMount();

let bench: Bench;
let mounted: string | undefined;
afterEach(async () => {
  await bench.close();
  if (mounted === undefined) return;
  spawnSync('umount', ['-l', mounted]);
  rmSync(mounted, { recursive: true, force: true });
  mounted = undefined;
});

function tryToMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'supervise-mount-'));
  const done = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder]).status === 0;
  if (done) spawnSync('umount', [folder]);
  rmSync(folder, { recursive: true, force: true });
  return done;
}

/** A disk of its own, a small one for the run directory. */
function mountDisk(size = '1m'): string {
  mounted = mkdtempSync(join(tmpdir(), 'supervise-disk-'));
  expect(spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', mounted]).status).toBe(0);
  return mounted;
}

/** Takes all the room that is left, however much of it the run takes or gives back meanwhile. */
function fill(disk: string): void {
  const filler = openSync(join(disk, 'filler'), 'a');
  const page = Buffer.alloc(4096);
  try {
    while (Number(statfsSync(disk).bavail) > 0) writeSync(filler, page);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  } finally {
    closeSync(filler);
  }
}

const epochs = 6;
const checkpoints = () => join(bench.folder, 'checkpoints');
const allow = (epoch: number) => writeFileSync(join(checkpoints(), 'until'), String(epoch));
const done = (epoch: number) => () => (readEpochInfo(checkpoints())?.last_completed_epoch ?? 0) >= epoch;

function supervise(runDir: string, fixture: string, env: Record<string, string> = {}): Run {
  const path = bench.experiment('night.json', {
    ...{ experiment_name: 'night', epochs, run_dir: runDir, checkpoint_dir: checkpoints() },
    trainer: { command: [process.execPath, join(trainers, `${fixture}.mjs`)], env },
    restart: { initial_delay_ms: 1, max_delay_ms: 20, max_restarts_without_progress: 3, stop_grace_ms: 2000 },
  });
  mkdirSync(checkpoints(), { recursive: true });
  return bench.supervise(path);
}

const journalOf = (runDir: string) => {
  const path = join(runDir, 'journal.jsonl');
  return existsSync(path) ? parseJournal(readFileSync(path, 'utf8')).entries : [];
};
const epochsIn = (runDir: string) =>
  journalOf(runDir).flatMap((entry) => (entry.event === 'epoch_completed' ? [entry.epoch] : []));
const everyEpoch = Array.from({ length: epochs }, (_, index) => index + 1);

async function expectRefusal(run: Run): Promise<string> {
  const { code } = await run.ended;
  expect(code, run.output()).toBe(73);
  expect(run.output()).not.toMatch(/should not happen|\n {4}at /);
  expect(run.output().match(/^supervise: /gm)).toHaveLength(1);
  return run.output();
}

describe.skipIf(!canMount)('a run directory on a small disk (needs the right to mount a tmpfs)', () => {
  it('that is full for a while: the run goes on, and the journal is whole in the end', async () => {
    bench = openBench('full');
    const disk = mountDisk();
    const runDir = join(disk, 'run');
    const run = supervise(runDir, 'waits-between-epochs');
    allow(2);
    await waitFor('the second epoch in the journal', () => epochsIn(runDir).includes(2));
    fill(disk);
    allow(5);
    await waitFor('the fifth epoch', done(5));
    await sleep(300);
    expect(run.process.exitCode, run.output()).toBeNull();
    expect(epochsIn(runDir)).not.toContain(5);
    rmSync(join(disk, 'filler'));
    allow(6);
    expect((await run.ended).code, run.output()).toBe(0);
    expect(epochsIn(runDir)).toEqual(everyEpoch);
    expect(journalOf(runDir).at(-1)).toMatchObject({ event: 'completed', epochs_completed: epochs });
    expect(readJson(join(runDir, 'status.json'))).toMatchObject({ state: 'completed', epochs_completed: epochs });
  });

  it('that is full to the end: the run completes all the same', async () => {
    bench = openBench('full-to-the-end');
    const disk = mountDisk();
    const runDir = join(disk, 'run');
    const run = supervise(runDir, 'waits-between-epochs');
    allow(1);
    await waitFor('the first epoch in the journal', () => epochsIn(runDir).includes(1));
    fill(disk);
    allow(6);
    expect((await run.ended).code, run.output()).toBe(0);
    expect(readEpochInfo(checkpoints())).toMatchObject({ last_completed_epoch: epochs });
    rmSync(join(disk, 'filler'));
    const again = bench.supervise(join(bench.folder, 'night.json'));
    expect((await again.ended).code, again.output()).toBe(0);
    expect(epochsIn(runDir)).toEqual(everyEpoch);
  });

  it('that is full at the start: one clear message', async () => {
    bench = openBench('full-at-start');
    const disk = mountDisk();
    const runDir = join(disk, 'run');
    mkdirSync(runDir);
    fill(disk);
    expect(await expectRefusal(supervise(runDir, 'well-behaved'))).toMatch(/no space left on device/i);
  });

  it('that is read-only at the start: one clear message', async () => {
    bench = openBench('read-only');
    const disk = mountDisk();
    const runDir = join(disk, 'run');
    mkdirSync(runDir);
    expect(spawnSync('mount', ['-o', 'remount,ro', disk]).status).toBe(0);
    expect(await expectRefusal(supervise(runDir, 'well-behaved'))).toMatch(/read-only file system/i);
  });
});

describe('a run directory', () => {
  it.each(['journal.jsonl', 'lock', 'experiment.json'])('with a folder for %s: one clear message', async (name) => {
    bench = openBench('folder');
    const runDir = join(bench.folder, 'run');
    mkdirSync(join(runDir, name, 'x'), { recursive: true });
    expect(await expectRefusal(supervise(runDir, 'well-behaved'))).toContain(name);
  });

  it.each(['supervisor.log', 'status.json'])('with a folder for %s: the run goes on without it', async (name) => {
    bench = openBench('no-log');
    const runDir = join(bench.folder, 'run');
    mkdirSync(join(runDir, name, 'x'), { recursive: true });
    const run = supervise(runDir, 'well-behaved');
    expect((await run.ended).code, run.output()).toBe(0);
    expect(epochsIn(runDir)).toEqual(everyEpoch);
  });

  it('with named pipes for its own files: nothing waits for a reader', async () => {
    bench = openBench('pipes');
    const runDir = join(bench.folder, 'run');
    mkdirSync(runDir);
    for (const name of ['supervisor.log', 'status.json', 'experiment.json', 'heartbeat.json', 'lock'])
      expect(spawnSync('mkfifo', [join(runDir, name)]).status).toBe(0);
    const run = supervise(runDir, 'well-behaved');
    expect((await run.ended).code, run.output()).toBe(0);
    expect(epochsIn(runDir)).toEqual(everyEpoch);
  });

  it('in which no attempt folder can be made: says so, and gives up', async () => {
    bench = openBench('attempts');
    const runDir = join(bench.folder, 'run');
    mkdirSync(runDir);
    writeFileSync(join(runDir, 'attempts'), '');
    const run = supervise(runDir, 'well-behaved');
    expect((await run.ended).code, run.output()).toBe(69);
    expect(run.output()).toContain("the trainer's log cannot be opened");
    expect(run.output()).toContain(join(runDir, 'attempts'));
  });
});

describe('a checkpoint directory', () => {
  it('that disappears is waited for, and nothing is lost', async () => {
    bench = openBench('vanish');
    const runDir = join(bench.folder, 'run');
    const run = supervise(runDir, 'waits-between-epochs', { VANISH: '1' });
    allow(6);
    const status = () => readJson(join(runDir, 'status.json'));
    await waitFor('the wait', () => status()?.['state'] === 'waiting');
    expect(String(status()?.['waiting_for'])).toContain('the checkpoint directory cannot be used');
    rmSync(checkpoints());
    renameSync(`${checkpoints()}.away`, checkpoints());
    expect((await run.ended).code, run.output()).toBe(0);
    expect(epochsIn(runDir)).toEqual(everyEpoch);
    expect(readJson(join(runDir, 'status.json'))).toMatchObject({ state: 'completed', attempt: 2 });
  });

  it.each(['lives', 'is gone too'])(
    'whose epoch_info.json was torn while no supervisor looked: every epoch counts once (the trainer %s)',
    async (trainer) => {
      bench = openBench('torn');
      const runDir = join(bench.folder, 'run');
      const run = supervise(runDir, 'waits-between-epochs');
      allow(2);
      await waitFor('the second epoch in the journal', () => epochsIn(runDir).includes(2));
      const pid = Number(readJson(join(runDir, 'status.json'))?.['trainer_pid']);
      run.process.kill('SIGKILL');
      await run.ended;
      writeFileSync(join(checkpoints(), 'epoch_info.json'), '{"last_comp');
      if (trainer !== 'lives') process.kill(pid, 'SIGKILL');
      const next = bench.supervise(join(bench.folder, 'night.json'));
      await waitFor('a trainer', () => next.output().includes(trainer === 'lives' ? 'Adopted' : 'trainer started'));
      allow(6);
      expect((await next.ended).code, next.output()).toBe(0);
      if (trainer !== 'lives') expect(next.output()).toContain('restored from the journal: last completed epoch 2');
      expect(epochsIn(runDir)).toEqual(everyEpoch);
    },
    300_000,
  );

  it('whose epoch_info.json calls complete what is not there: the run is not complete', async () => {
    bench = openBench('claim');
    const runDir = join(bench.folder, 'run');
    mkdirSync(checkpoints());
    const claim = { last_completed_epoch: epochs, status: 'completed', checkpoint: `ckpt-${epochs}` };
    writeFileSync(join(checkpoints(), 'epoch_info.json'), JSON.stringify(claim));
    const run = supervise(runDir, 'well-behaved');
    expect((await run.ended).code, run.output()).toBe(0);
    expect(run.output()).toContain(`epoch_info.json names ckpt-${epochs}, which is not there`);
    expect(readFileSync(join(runDir, 'notes.txt'), 'utf8').match(/epoch \d/g)).toHaveLength(epochs);
    expect(epochsIn(runDir)).toEqual(everyEpoch);
    expect(readJson(join(checkpoints(), 'previous/0001/epoch_info.json'))).toEqual(claim);
  });

  it('in which strange things take the places of files: none ends, blocks or completes the run', async () => {
    bench = openBench('strange');
    const runDir = join(bench.folder, 'run');
    const run = supervise(runDir, 'plants-strange-files');
    expect((await run.ended).code, run.output()).toBe(0);
    expect(readFileSync(join(runDir, 'notes.txt'), 'utf8')).toContain('planted');
    expect(journalOf(runDir).filter(({ event }) => event === 'launched')).toHaveLength(1);
    expect(epochsIn(runDir)).toEqual(everyEpoch);
  });
});

describe.skipIf(!canMount)('a checkpoint directory whose disk is not mounted (needs the right to mount)', () => {
  it('is waited for, and the run goes on from what is on it', async () => {
    bench = openBench('unmounted');
    const disk = mountDisk('500m');
    const runDir = join(bench.folder, 'run');
    mkdirSync(checkpoints());
    expect(spawnSync('mount', ['--bind', disk, checkpoints()]).status).toBe(0);
    try {
      const first = supervise(runDir, 'waits-between-epochs');
      allow(2);
      await waitFor('the second epoch in the journal', () => epochsIn(runDir).includes(2));
      first.process.kill('SIGTERM');
      expect((await first.ended).code, first.output()).toBe(75);
    } finally {
      spawnSync('umount', [checkpoints()]);
    }
    const second = supervise(runDir, 'waits-between-epochs');
    const status = () => readJson(join(runDir, 'status.json'));
    await waitFor('the second supervisor to wait', () => status()?.['state'] === 'waiting');
    expect(journalOf(runDir).at(-1)).toMatchObject({ event: 'waiting', resource: 'checkpoints' });
    expect(second.output()).toMatch(/empty, and on another disk than when epoch 2 was completed; mount it/);
    expect(spawnSync('mount', ['--bind', disk, checkpoints()]).status).toBe(0);
    try {
      allow(6);
      expect((await second.ended).code, second.output()).toBe(0);
    } finally {
      spawnSync('umount', ['-l', checkpoints()]);
    }
    expect(epochsIn(runDir)).toEqual(everyEpoch);
  });
});
