import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { parseJournal } from '../../src/protocol/index.js';
import { type Bench, openBench, type Run, readJson, tinyExperiment, waitFor } from './support.js';

const trainers = resolve(import.meta.dirname, '../fixtures/trainers');

let bench: Bench;
afterEach(() => bench.close());

const runDir = () => join(bench.folder, 'runs/night');
const journal = () => parseJournal(readFileSync(join(runDir(), 'journal.jsonl'), 'utf8')).entries;
const events = (name: string) => journal().filter(({ event }) => event === name);
const notes = () => (existsSync(join(runDir(), 'notes.txt')) ? readFileSync(join(runDir(), 'notes.txt'), 'utf8') : '');

const stackOf = (attempt: number) => {
  const folder = join(runDir(), `attempts/000${attempt}/hang`);
  const name = readdirSync(folder).find((file) => file.startsWith('node-stack-'));
  return name === undefined ? readdirSync(folder).join(' ') : readFileSync(join(folder, name), 'utf8');
};

const quickly = { min_ms: 1000, max_ms: 6000, startup_max_ms: 20_000, factor: 5 };

function supervise(fixture: string, { hang, ...changes }: { hang?: object; [key: string]: unknown } = {}): Run {
  const path = bench.experiment('night.json', {
    experiment_name: 'night',
    epochs: 4,
    trainer: { command: [process.execPath, join(trainers, `${fixture}.mjs`)], ...(changes['trainer'] as object) },
    restart: { initial_delay_ms: 1, max_delay_ms: 20, stop_grace_ms: 1000 },
    hang: { ...quickly, ...hang },
  });
  return bench.supervise(path);
}

async function expectEnd(run: Run, code: number): Promise<string> {
  expect((await run.ended).code, run.output()).toBe(code);
  return run.output();
}

describe('a trainer that hangs', () => {
  it.each(['sleep', 'busy', 'stop', 'side-thread'])('is noticed and relaunched: %s', async (kind) => {
    bench = openBench('hang');
    const output = await expectEnd(supervise('hangs-after-epoch-2', { trainer: { env: { HANG: kind } } }), 0);
    expect(notes()).toContain('hang');
    expect(output).toContain('Attempt 1 hangs: no sign of work for');
    expect(events('hang_detected')).toMatchObject([{ attempt: 1, phase: 'train' }]);
    expect(readJson(join(runDir(), 'attempts/0001/failure.json'))).toMatchObject({ class: 'hang' });
    const evidence = readFileSync(join(runDir(), 'attempts/0001/hang/processes.txt'), 'utf8');
    expect(evidence).toContain('hangs-after-epoch-2.mjs');
    expect(evidence).toContain('-- wchan');
    if (kind === 'busy') expect(stackOf(1)).toMatch(/of \d+ samples[\s\S]* at .*hangs-after-epoch-2\.mjs:\d+\)/);
    expect(readJson(join(runDir(), 'status.json'))).toMatchObject({ state: 'completed', restarts: 1 });
  });

  it('is noticed without heartbeats too, by the time its epochs took', async () => {
    bench = openBench('hang-epochs');
    await expectEnd(supervise('hangs-without-heartbeats', { trainer: {} }), 0);
    expect(events('hang_detected')).toHaveLength(1);
  });

  it('is noticed right after its first epoch too, of which nobody knows more than that it took less than all until then', async () => {
    bench = openBench('hang-first-epoch');
    const hang = { min_ms: 1000, max_ms: 1500, startup_max_ms: 1500 };
    await expectEnd(supervise('hangs-without-heartbeats', { trainer: { env: { HANG_IN: '2' } }, hang }), 0);
    expect(events('hang_detected')).toHaveLength(1);
    const [{ threshold_ms: thresholdMs } = { threshold_ms: 0 }] = events('hang_detected') as { threshold_ms: number }[];
    expect(thresholdMs).toBeGreaterThanOrEqual(3000);
    expect(events('exited')).toMatchObject([{ attempt: 1, class: 'hang' }, { attempt: 2 }]);
  });

  it('of our own writes a diagnostic report first', async () => {
    bench = openBench('hang-own');
    const path = bench.experiment(
      'tiny.json',
      tinyExperiment({
        hang: { min_ms: 1500, max_ms: 1500, startup_max_ms: 30_000, factor: 2 },
        restart: { initial_delay_ms: 1, stop_grace_ms: 500 },
        trainer: { env: { NODE_OPTIONS: `--import=${resolve(trainers, '../hangs-once.mjs')}` } },
      }),
    );
    const run = bench.supervise(path);
    await expectEnd(run, 0);
    const folder = join(bench.folder, 'runs/tiny/attempts/0001/hang');
    const report = readdirSync(folder).find((name) => name.startsWith('report'));
    expect(report, readdirSync(folder).join(' ')).toBeDefined();
    expect(readFileSync(join(folder, report as string), 'utf8')).toContain('SIGQUIT');
  });
});

describe('what is no hang', () => {
  it('a save that takes a hundred times as long as a step', async () => {
    bench = openBench('slow-save');
    await expectEnd(supervise('saves-slowly'), 0);
    expect(events('hang_detected')).toEqual([]);
    expect(notes().match(/start/g)).toHaveLength(1);
  });

  it('a supervisor that stood still while its trainer worked on', async () => {
    bench = openBench('stopped-supervisor');
    const run = supervise('saves-slowly', { hang: { min_ms: 1000, max_ms: 3000 } });
    await waitFor('a step', () => readJson(join(runDir(), 'status.json'))?.['step']);
    run.process.kill('SIGSTOP');
    await sleep(4500);
    run.process.kill('SIGCONT');
    await sleep(1000);
    run.process.kill('SIGTERM');
    await run.ended;
    expect(events('hang_detected')).toEqual([]);
    expect(events('exited')).toHaveLength(1);
    expect(notes().match(/start/g)).toHaveLength(1);
  });

  it('a standstill of both, only a little longer than the threshold', async () => {
    bench = openBench('standstill');
    const run = supervise('steps-slowly', { hang: { min_ms: 3000, max_ms: 3000, factor: 1.5 } });
    const status = () => readJson(join(runDir(), 'status.json'));
    const step = () => Number(status()?.['step'] ?? 0);
    await waitFor('steps to learn from', () => step() >= 3);
    const trainer = status()?.['trainer_pid'] as number;
    const before = step();
    await waitFor('the next one', () => step() > before);
    process.kill(trainer, 'SIGSTOP');
    run.process.kill('SIGSTOP');
    await sleep(4000);
    process.kill(trainer, 'SIGCONT');
    run.process.kill('SIGCONT');
    await waitFor('a step after it', () => step() > before + 1 || events('exited').length > 0);
    run.process.kill('SIGTERM');
    await run.ended;
    expect(events('hang_detected')).toEqual([]);
    expect(events('exited')).toHaveLength(1);
  });

  it('a machine that was suspended: supervisor and trainer stand still together', async () => {
    bench = openBench('suspend');
    const run = supervise('saves-slowly', { hang: { min_ms: 1000, max_ms: 3000 } });
    await waitFor('the first step', () => notes().includes('start'));
    const status = () => readJson(join(runDir(), 'status.json'));
    const trainer = await waitFor('a step', () => (status()?.['step'] ? (status()?.['trainer_pid'] as number) : false));
    run.process.kill('SIGSTOP');
    process.kill(trainer, 'SIGSTOP');
    await sleep(5000);
    run.process.kill('SIGCONT');
    await sleep(300);
    process.kill(trainer, 'SIGCONT');
    await expectEnd(run, 0);
    expect(events('hang_detected')).toEqual([]);
    expect(notes().match(/start/g)).toHaveLength(1);
  });
});

describe('the same failure at the same place', () => {
  it('is given up after three times, when there is nothing to go back to', async () => {
    bench = openBench('poison');
    const output = await expectEnd(supervise('poison-step'), 69);
    expect(output).toContain('Gave up: ');
    expect(notes().match(/start after 2/g)?.length).toBeGreaterThanOrEqual(3);
    expect(output).toContain('RangeError: poisoned batch');
  });
});
