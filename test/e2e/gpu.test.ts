import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseJournal } from '../../src/protocol/index.js';
import { type Bench, openBench, type Run, readJson, waitFor } from './support.js';

const fixtures = resolve(import.meta.dirname, '../fixtures');

let bench: Bench;
const path = process.env['PATH'] ?? '';
beforeEach(() => {
  bench = openBench('gpu');
  installNvidiaSmi();
});
afterEach(async () => {
  process.env['PATH'] = path;
  await bench.close();
});

const runDir = () => join(bench.folder, 'runs/night');
const status = () => readJson(join(runDir(), 'status.json'));
const waitingFor = () => (status()?.['state'] === 'waiting' ? status()?.['waiting_for'] : undefined);
const notes = () => (existsSync(join(runDir(), 'notes.txt')) ? readFileSync(join(runDir(), 'notes.txt'), 'utf8') : '');
const starts = () => notes().match(/start/g)?.length ?? 0;
const failureOf = (attempt: number) => readJson(join(runDir(), `attempts/000${attempt}/failure.json`));
const launches = () =>
  parseJournal(readFileSync(join(runDir(), 'journal.jsonl'), 'utf8')).entries.filter(
    ({ event }) => event === 'launching',
  ).length;

/** What the fake driver knows; while there is a file `blocked`, it does not answer. */
const tell = (file: 'gpus' | 'apps' | 'blocked', text: string) => writeFileSync(join(bench.folder, 'bin', file), text);
/** For each question about processes, how many attempts had been launched when it was asked. */
const asked = () => {
  const file = join(bench.folder, 'bin/asked');
  const lines = existsSync(file) ? readFileSync(file, 'utf8').match(/\d+\n/g) : null;
  return (lines ?? []).map(Number);
};

/** Puts an `nvidia-smi` on the PATH. It ends when its folder is removed. */
function installNvidiaSmi(): void {
  const folder = join(bench.folder, 'bin');
  mkdirSync(folder);
  tell('gpus', '0, GPU-1\n');
  tell('apps', '');
  const script = `#!/bin/sh
case "$1" in
  *query-gpu*) cat "${folder}/gpus" ;;
  *compute-apps*)
    grep -c '"event":"launching"' "${runDir()}/journal.jsonl" >> "${folder}/asked"
    while [ -e "${folder}/blocked" ]; do sleep 0.05; done
    cat "${folder}/apps" ;;
esac
`;
  writeFileSync(join(folder, 'nvidia-smi'), script);
  chmodSync(join(folder, 'nvidia-smi'), 0o755);
  process.env['PATH'] = `${folder}:${path}`;
}

function supervise(fixture: string, changes: Record<string, unknown> = {}): Run {
  const experiment = bench.experiment('night.json', {
    experiment_name: 'night',
    epochs: 4,
    ...changes,
    trainer: {
      command: [process.execPath, join(fixtures, `trainers/${fixture}.mjs`)],
      ...(changes['trainer'] as object),
    },
    restart: { initial_delay_ms: 1, max_delay_ms: 20, max_restarts_without_progress: 100 },
  });
  return bench.supervise(experiment);
}

const failingWith = (words: string) => ({ trainer: { env: { CODE: '1', LAST_WORDS: words } } });

async function expectEnd(run: Run, code: number): Promise<void> {
  expect((await run.ended).code, run.output()).toBe(code);
}

/** Kills the trainer of an attempt once it works, when the driver has been told that it holds memory. */
async function killHolder(attempt: number): Promise<number> {
  const pid = await waitFor(`attempt ${attempt}`, () => {
    const trainer = status()?.['trainer_pid'];
    return starts() === attempt && status()?.['attempt'] === attempt && typeof trainer === 'number' ? trainer : false;
  });
  if (attempt === 1) tell('apps', `99, GPU-1, 500\n${pid}, GPU-1, 70000\n`);
  process.kill(pid, 'SIGKILL');
  return pid;
}

describe('the GPU', () => {
  it('that is lost is waited for', async () => {
    tell('gpus', '');
    const run = supervise('exits-with-code', failingWith('RuntimeError: No CUDA GPUs are available'));
    await waitFor('the wait', waitingFor);
    expect(waitingFor()).toContain('a GPU');
    expect(starts()).toBe(1);
    tell('gpus', '0, GPU-1\n');
    await waitFor('the relaunch', () => starts() > 1);
    run.process.kill('SIGTERM');
    await run.ended;
  });

  it('that somebody else uses is waited for', async () => {
    tell('gpus', '0, GPU-1, H200, 40, 140000, 70000, 0\n1, GPU-2, H200, 40, 140000, 0, 0\n');
    tell('apps', '99, GPU-1, 70000\n');
    const words = 'RuntimeError: CUDA error: all CUDA-capable devices are busy or unavailable';
    const run = supervise('exits-with-code', { ...failingWith(words), training: { gpu_id: '0' } });
    await waitFor('the wait', waitingFor);
    expect(waitingFor()).toContain('process 99 uses it (70000 MiB)');
    run.process.kill('SIGTERM');
    await expectEnd(run, 75);
  });
});

describe('a relaunch', () => {
  it('does not wait for nvidia-smi, and neither does the end of the run', async () => {
    tell('blocked', '');
    await expectEnd(supervise('crashes-after-each-epoch', { epochs: 2 }), 0);
    expect(launches()).toBe(2);
    expect(asked().filter((launched) => launched < 2)).toEqual([]);
  });

  it('waits for it when the failure was about the memory of the GPU', async () => {
    tell('blocked', '');
    const run = supervise('exits-with-code', failingWith('torch.OutOfMemoryError: CUDA out of memory.'));
    await waitFor('the question', () => asked().length > 0);
    expect([asked(), launches()]).toEqual([[1], 1]);
    rmSync(join(bench.folder, 'bin/blocked'));
    await waitFor('the relaunch', () => starts() > 1);
    expect(failureOf(1)).toMatchObject({ class: 'gpu-memory' });
    run.process.kill('SIGTERM');
    await run.ended;
  });

  it('waits until what a trainer left behind holds nothing', async () => {
    const script = readFileSync(join(bench.folder, 'bin/nvidia-smi'), 'utf8');
    const left = `sed -n 's/^1 .*grandchild \\(.*\\)/\\1, GPU-1, 70000/p' "${runDir()}/notes.txt"`;
    const driver = script.replace(/cat ".*apps" ;;/, `[ -e "${bench.folder}/bin/apps" ] && ${left} ;;`);
    writeFileSync(join(bench.folder, 'bin/nvidia-smi'), driver);
    const run = supervise('leaves-grandchild');
    await waitFor('the wait', waitingFor);
    const grandchild = /grandchild (\d+)/.exec(notes())?.[1];
    expect(waitingFor()).toContain(`70000 MiB are still held by process ${grandchild} of an earlier attempt`);
    expect(launches()).toBe(1);
    rmSync(join(bench.folder, 'bin/apps'));
    await expectEnd(run, 0);
  });

  it('into memory that is still held is told of, and the next one waits until it is free', async () => {
    const run = supervise('saves-slowly');
    const holder = await killHolder(1);
    const held = `GPU memory: 70000 MiB are still held by process ${holder} of an earlier attempt`;
    const log = () => readFileSync(join(runDir(), 'supervisor.log'), 'utf8');
    await waitFor('the warning', () => log().includes(`${held}; the next launch waits`));
    await killHolder(2);
    await waitFor('the wait', waitingFor);
    expect(waitingFor()).toContain(held);
    expect(launches()).toBe(2);
    tell('apps', '99, GPU-1, 500\n');
    await waitFor('the relaunch', () => starts() === 3);
    expect(failureOf(2)?.['evidence']).toEqual([`when it was launched: ${held}`]);
    run.process.kill('SIGTERM');
    await expectEnd(run, 75);
  });
});
