import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { parseJournal } from '../../src/protocol/index.js';
import { type Bench, isAlive, openBench, type Run, readJson, waitFor } from './support.js';

const trainers = resolve(import.meta.dirname, '../fixtures/trainers');

let bench: Bench;
const started: ChildProcess[] = [];
afterEach(async () => {
  for (const child of started) child.kill('SIGKILL');
  const token = existsSync(journalPath()) ? journal().find(({ event }) => event === 'run_started') : undefined;
  await bench.close();
  // Whatever the test did, nothing of its run may be left.
  if (token?.event === 'run_started') expect(processesWith(token.token)).toEqual([]);
});

const runDir = () => join(bench.folder, 'runs/night');
const journalPath = () => join(runDir(), 'journal.jsonl');
const journal = () => parseJournal(readFileSync(journalPath(), 'utf8')).entries;
const events = (name: string) => journal().filter(({ event }) => event === name);
const status = () => readJson(join(runDir(), 'status.json'));
const notes = () => (existsSync(join(runDir(), 'notes.txt')) ? readFileSync(join(runDir(), 'notes.txt'), 'utf8') : '');

/** Writes the experiment around one of the fixture trainers, and supervises it. */
function supervise(fixture: string, changes: Record<string, unknown> = {}, flags: string[] = []): Run {
  return bench.supervise(experiment(fixture, changes), ...flags);
}

function experiment(fixture: string, { trainer, restart, ...changes }: Record<string, unknown> = {}): string {
  return bench.experiment('night.json', {
    experiment_name: 'night',
    epochs: 4,
    trainer: { command: [process.execPath, join(trainers, `${fixture}.mjs`)], ...(trainer as object) },
    restart: {
      ...{ initial_delay_ms: 1, max_delay_ms: 20, max_restarts_without_progress: 3, stop_grace_ms: 2000 },
      ...(restart as object),
    },
    ...changes,
  });
}

function processesWith(token: string): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && readEnvironment(pid).includes(token) && !isZombie(pid));
}

function readEnvironment(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1');
  } catch {
    return '';
  }
}

function isZombie(pid: number): boolean {
  try {
    return / Z /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return true;
  }
}

async function expectEnd(run: Run, code: number): Promise<string> {
  const ended = await run.ended;
  expect(ended.code, run.output()).toBe(code);
  return run.output();
}

const go = () => writeFileSync(join(runDir(), 'go'), '');
const waitForNote = (text: string) => waitFor(`the note "${text}"`, () => notes().includes(text));
const trainerPid = () => waitFor('a trainer', () => (status()?.['trainer_pid'] as number | null) ?? undefined);

describe('a trainer that keeps the contract', () => {
  it('is run to its last epoch, once, without resume arguments', async () => {
    bench = openBench('plain');
    const output = await expectEnd(supervise('well-behaved'), 0);
    expect(output).toContain('all done, 4/4 epochs, 0 restarts');
    expect(notes()).toMatch(/^1 \d+ start \n/);
    expect(status()).toMatchObject({ state: 'completed', epochs_completed: 4, attempt: 1, trainer_pid: null });
    expect(events('epoch_completed')).toHaveLength(4);
  });

  it('is resumed with its own arguments after each crash', async () => {
    bench = openBench('crashes');
    const run = supervise('crashes-after-each-epoch', { trainer: { resume_args: ['--resume', 'latest'] } });
    await expectEnd(run, 0);
    expect(notes()).toContain('start --resume latest');
    expect(events('exited').map((entry) => entry.event === 'exited' && entry.class)).toEqual([
      'segfault',
      'segfault',
      'segfault',
      'finished',
    ]);
    expect(readdirSync(join(runDir(), 'attempts'))).toHaveLength(4);
    expect(readJson(join(runDir(), 'attempts/0001/failure.json'))).toMatchObject({ class: 'segfault', attempt: 1 });
  });

  it('may count its epochs from 0', async () => {
    bench = openBench('zero');
    await expectEnd(supervise('counts-from-zero', { trainer: { epoch_base: 0 } }), 0);
    expect(notes()).toContain('start --resume after 0');
    expect(status()).toMatchObject({ epochs_completed: 4 });
  });

  it('may stop early when it says so', async () => {
    bench = openBench('early');
    const output = await expectEnd(supervise('stops-early'), 0);
    expect(output).toContain('stopped early after 2/4 epochs');
  });

  it('is relaunched at once, uncounted, when it saved and exits 75', async () => {
    bench = openBench('preempted');
    await expectEnd(supervise('saves-and-exits-75', { restart: { max_restarts_without_progress: 0 } }), 0);
    expect(status()).toMatchObject({ restarts: 3, restarts_without_progress: 0 });
  });
});

describe('a trainer that misbehaves', () => {
  it('exit 0 with epochs missing is premature, not success', async () => {
    bench = openBench('premature');
    const output = await expectEnd(supervise('exits-zero-too-early'), 0);
    expect(output).toContain('exit 0 with epochs missing: 1 of 4 epochs are complete');
    expect(status()).toMatchObject({ restarts: 3, epochs_completed: 4 });
  });

  it.each([
    [64, 'wrong flags'],
    [78, 'wrong configuration'],
  ])('exit %i is not retried', async (code, title) => {
    bench = openBench('permanent');
    const run = supervise('exits-with-code', {
      trainer: { env: { CODE: String(code), LAST_WORDS: 'unknown flag --lr' } },
    });
    const output = await expectEnd(run, 69);
    expect(output).toContain(`Gave up: ${title}`);
    expect(output).toContain('| last output: unknown flag --lr');
    expect(notes().match(/start/g)).toHaveLength(1);
  });

  it('a crash loop is given up, saying what, why and where', async () => {
    bench = openBench('loop');
    const run = supervise('exits-with-code', { trainer: { env: { CODE: '1', LAST_WORDS: 'Bus is on fire' } } });
    const output = await expectEnd(run, 69);
    expect(output).toContain('Gave up: 3 restarts in a row saved no new work');
    expect(output).toContain('| last output: Bus is on fire');
    expect(output).toContain('0 of 4 epochs');
    expect(notes().match(/start/g)).toHaveLength(4);
    expect(status()).toMatchObject({ state: 'gaveUp', last_failure: { class: 'crash' } });
  });

  it('a command that does not exist is told at once', async () => {
    bench = openBench('command');
    const output = await expectEnd(supervise('x', { trainer: { command: ['no-such-trainer-program'] } }), 69);
    expect(output).toContain('cannot start "no-such-trainer-program"');
    expect(output).toContain('no such program or working directory');
  });

  it('its descendants in sessions of their own are gone before the relaunch, and at the end', async () => {
    bench = openBench('grandchild');
    await expectEnd(supervise('leaves-grandchild'), 0);
    const grandchildren = [...notes().matchAll(/grandchild (\d+)/g)].map((match) => Number(match[1]));
    expect(grandchildren).toHaveLength(4);
    expect(grandchildren.filter((pid) => isAlive(pid) && !isZombie(pid))).toEqual([]);
    const removed = events('leftovers_removed').flatMap((entry) =>
      entry.event === 'leftovers_removed' ? entry.pids.map(Number) : [],
    );
    expect(removed).toEqual(expect.arrayContaining(grandchildren.slice(0, 3)));
  });

  it('a torn epoch_info.json is "not yet", and is restored from the journal', async () => {
    bench = openBench('torn');
    const output = await expectEnd(supervise('torn-epoch-info'), 0);
    expect(output).toContain('restored from the journal: last completed epoch 2');
    expect(output).toContain('Continuing from epoch: 3/4');
    expect(events('epoch_completed')).toHaveLength(4);
  });

  it('that lives on after the last epoch is ended, and the run is complete', async () => {
    bench = openBench('lingers');
    await expectEnd(supervise('lingers-after-the-last-epoch', { restart: { stop_grace_ms: 300 } }), 0);
    expect(events('stopping')).toMatchObject([{ cause: 'lingering' }]);
  });

  it('that trains past the last epoch is ended, and the run is complete', async () => {
    bench = openBench('overruns');
    await expectEnd(supervise('overruns', { restart: { stop_grace_ms: 300 } }), 0);
    expect(events('stopping')).toMatchObject([{ cause: 'overrun' }]);
  });

  it('may write anything into its log', async () => {
    bench = openBench('noise');
    const output = await expectEnd(supervise('noisy-log'), 0);
    expect(output).toContain('out of GPU memory');
    expect(output).toContain('| torch.OutOfMemoryError: CUDA out of memory.');
    expect(output).not.toContain('\u001b[31m');
  });
});

describe('stopping', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)('%s lets the trainer save, and the next run continues', async (signal) => {
    bench = openBench('stop');
    const run = supervise('well-behaved', { epochs: 6, trainer: { env: { HOLD: '1' } } });
    await waitForNote('epoch 2');
    run.process.kill(signal);
    const output = await expectEnd(run, 75);
    expect(output).toContain('the same command continues');
    expect(notes()).toContain('SIGTERM');
    expect(status()).toMatchObject({ state: 'stopped', trainer_pid: null });
    const next = bench.supervise(join(bench.folder, 'night.json'));
    expect(await expectEnd(next, 0)).toContain('Last completed epoch: ');
    expect(status()).toMatchObject({ state: 'completed', epochs_completed: 6 });
  });

  it('a trainer that ignores SIGTERM is killed after the grace', async () => {
    bench = openBench('grace');
    const run = supervise('ignores-sigterm', { restart: { stop_grace_ms: 400 } });
    await waitForNote('start');
    await trainerPid();
    run.process.kill('SIGTERM');
    await expectEnd(run, 75);
    expect(notes()).toContain('SIGTERM ignored');
    expect(events('killed')).toHaveLength(1);
  });

  it('a second Ctrl-C does not wait', async () => {
    bench = openBench('twice');
    const run = supervise('ignores-sigterm', { restart: { stop_grace_ms: 600_000 } });
    await waitForNote('start');
    run.process.kill('SIGINT');
    await waitForNote('SIGTERM ignored');
    // Nobody presses twice within a third of a second; wrappers that pass a signal on do.
    await sleep(400);
    run.process.kill('SIGINT');
    await expectEnd(run, 75);
  });

  it('one Ctrl-C that a wrapper passes on as well lets the trainer save all the same', async () => {
    bench = openBench('echo');
    const run = supervise('ignores-sigterm', { restart: { stop_grace_ms: 1500 } });
    await waitForNote('start');
    run.process.kill('SIGINT');
    await sleep(20);
    run.process.kill('SIGINT');
    await expectEnd(run, 75);
    expect(events('stop_requested')).toHaveLength(1);
  });

  it('a reader of its output that is gone ends nothing, and changes no exit code', async () => {
    bench = openBench('reader');
    const run = supervise('well-behaved');
    run.process.stdout?.once('data', () => run.process.stdout?.destroy());
    await expectEnd(run, 0);
    expect(status()?.['state']).toBe('completed');
    expect(run.output()).not.toContain('EPIPE');
    expect(existsSync(join(runDir(), 'lock'))).toBe(false);
  });

  it('overtakes a backoff', async () => {
    bench = openBench('backoff');
    const run = supervise('exits-with-code', {
      trainer: { env: { CODE: '1' } },
      restart: { initial_delay_ms: 1e9, max_delay_ms: 1e9, max_restarts_without_progress: 99 },
    });
    await waitFor('a backoff', () => status()?.['state'] === 'backingOff');
    run.process.kill('SIGTERM');
    await expectEnd(run, 75);
  });

  it('a closed terminal ends nothing', async () => {
    bench = openBench('hangup');
    const run = supervise('well-behaved');
    await waitForNote('epoch 1');
    run.process.kill('SIGHUP');
    await expectEnd(run, 0);
  });
});

describe('the death of the supervisor', () => {
  it('leaves the trainer at work; the next supervisor adopts it and launches none beside it', async () => {
    bench = openBench('adopt');
    const run = supervise('well-behaved', { epochs: 8, trainer: { env: { HOLD: '1' } } });
    await waitForNote('epoch 1');
    const pid = await trainerPid();
    run.process.kill('SIGKILL');
    await run.ended;
    await waitForNote('epoch 2');
    const next = bench.supervise(join(bench.folder, 'night.json'));
    await waitFor('the adoption', () => next.output().includes('Adopted'));
    go();
    const output = await expectEnd(next, 0);
    expect(output).toContain(`Adopted the trainer that is still running: attempt 1, pid ${pid}`);
    expect(notes().match(/start/g)).toHaveLength(1);
    expect(status()).toMatchObject({ state: 'completed', epochs_completed: 8, attempt: 1 });
  });

  it('with its trainer: the run continues from the checkpoint', async () => {
    bench = openBench('both');
    const run = supervise('well-behaved', { epochs: 6, trainer: { env: { HOLD: '1' } } });
    await waitForNote('epoch 2');
    const pid = await trainerPid();
    run.process.kill('SIGKILL');
    process.kill(pid, 'SIGKILL');
    await run.ended;
    appendFileSync(journalPath(), '{"time":"2026-01-01T00:00:00.000Z","event":"epoch_comp');
    const next = bench.supervise(join(bench.folder, 'night.json'));
    expect(await expectEnd(next, 0)).toContain('Continuing from epoch: ');
    expect(status()).toMatchObject({ state: 'completed', epochs_completed: 6, attempt: 2 });
    expect(events('epoch_completed')).toHaveLength(6);
  });

  it('does not make it adopt a stranger with the same pid', async () => {
    bench = openBench('stranger');
    const run = supervise('well-behaved', { trainer: { env: { HOLD: '1' } } });
    await waitForNote('epoch 1');
    const pid = await trainerPid();
    run.process.kill('SIGKILL');
    process.kill(pid, 'SIGKILL');
    await run.ended;
    const stranger = spawn(process.execPath, ['-e', 'setTimeout(() => undefined, 60000)']);
    started.push(stranger);
    const text = readFileSync(journalPath(), 'utf8').replaceAll(`"pid":${pid},`, `"pid":${stranger.pid},`);
    rmSync(journalPath());
    appendFileSync(journalPath(), text);
    const output = await expectEnd(bench.supervise(join(bench.folder, 'night.json')), 0);
    expect(output).not.toContain('Adopted');
    expect(isAlive(stranger.pid as number)).toBe(true);
  });
});

describe('one supervisor, one trainer', () => {
  it('a second supervisor of the same run refuses, saying who keeps it', async () => {
    bench = openBench('lock');
    const run = supervise('well-behaved', { trainer: { env: { HOLD: '1' } } });
    await waitForNote('start');
    const second = bench.supervise(join(bench.folder, 'night.json'));
    const output = await expectEnd(second, 79);
    expect(output).toContain(`supervisor ${run.process.pid} keeps it`);
    go();
    await expectEnd(run, 0);
  });

  it('another run refuses a checkpoint directory in use, also when only its trainer is left', async () => {
    bench = openBench('shared');
    const shared = { checkpoint_dir: join(bench.folder, 'shared'), trainer: { env: { HOLD: '1' } }, epochs: 8 };
    const run = supervise('well-behaved', shared);
    await waitForNote('start');
    const other = bench.experiment('other.json', {
      ...readJson(join(bench.folder, 'night.json')),
      experiment_name: 'other',
    });
    expect(await expectEnd(bench.supervise(other), 79)).toContain('checkpoint directory');
    run.process.kill('SIGKILL');
    await run.ended;
    expect(await expectEnd(bench.supervise(other), 79)).toContain('still trains, without its supervisor');
    go();
    await expectEnd(bench.supervise(join(bench.folder, 'night.json')), 0);
  });
});

describe('starting over', () => {
  it('--no-restore sets aside what is there and destroys nothing', async () => {
    bench = openBench('fresh');
    await expectEnd(supervise('well-behaved'), 0);
    const again = bench.supervise(join(bench.folder, 'night.json'), '--no-restore');
    expect(await expectEnd(again, 0)).toContain('Earlier checkpoints are kept in');
    expect(readJson(join(runDir(), 'checkpoints/previous/0001/epoch_info.json'))).toMatchObject({
      last_completed_epoch: 4,
    });
    expect(notes().match(/start \n/g)).toHaveLength(2);
  });

  it('no_restore in the file holds for the first launch of a run, not after a crash', async () => {
    bench = openBench('fresh-file');
    await expectEnd(supervise('crashes-after-each-epoch', { no_restore: true }), 0);
    expect(status()).toMatchObject({ restarts: 3, epochs_completed: 4 });
    expect(existsSync(join(runDir(), 'checkpoints/previous'))).toBe(false);
  });

  it('a completed run is not run again', async () => {
    bench = openBench('again');
    await expectEnd(supervise('well-behaved'), 0);
    await expectEnd(bench.supervise(join(bench.folder, 'night.json')), 0);
    await sleep(10);
    expect(notes().match(/start/g)).toHaveLength(1);
  });
});
