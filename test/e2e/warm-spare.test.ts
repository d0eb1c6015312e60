import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseJournal } from '../../src/protocol/index.js';
import { type Bench, isAlive, openBench, readJson, tinyExperiment, waitFor } from './support.js';

let bench: Bench;
beforeEach(() => {
  bench = openBench('spare');
});
afterEach(() => bench.close());

const runDir = () => join(bench.folder, 'runs/tiny');
const status = () => readJson(join(runDir(), 'status.json'));
const journal = () => parseJournal(readFileSync(join(runDir(), 'journal.jsonl'), 'utf8')).entries;
const launches = () => journal().flatMap((entry) => (entry.event === 'launching' ? [entry] : []));
const output = (attempt: number) => {
  try {
    return readFileSync(join(runDir(), `attempts/000${attempt}/output.log`), 'utf8');
  } catch {
    return '';
  }
};
const standsBy = (attempt: number) => waitFor(`spare ${attempt}`, () => output(attempt).includes('Standing by.'));

const start = () =>
  bench.supervise(
    bench.experiment(
      'tiny.json',
      tinyExperiment({ epochs: 30, restart: { initial_delay_ms: 1, max_delay_ms: 5, warm_spare: true } }),
    ),
  );

describe('a warm spare', () => {
  it('takes over after a crash, from the checkpoint, and another one stands by', async () => {
    const run = start();
    await standsBy(2);
    await waitFor('a checkpoint', () => readJson(join(runDir(), 'checkpoints/epoch_info.json')) !== undefined);
    // Looking at the checkpoint to come is no work of the spare's: nothing is moved.
    expect(existsSync(join(runDir(), 'checkpoints/quarantine'))).toBe(false);
    const first = status()?.['trainer_pid'] as number;
    process.kill(first, 'SIGKILL');
    await standsBy(3);
    run.process.kill('SIGTERM');
    expect((await run.ended).code, run.output()).toBe(75);
    expect(launches().map(({ warm }) => warm)).toEqual([false, true]);
    expect(output(2)).toMatch(/Standing by\.[\s\S]*(Resuming|starting from scratch)/i);
    const pids = journal().flatMap((entry) => (entry.event === 'launched' ? [entry.pid] : []));
    expect(pids.filter(isAlive)).toEqual([]);
  });

  it('ends with its supervisor, while the trainer goes on and is adopted', async () => {
    const run = start();
    await standsBy(2);
    const trainer = status()?.['trainer_pid'] as number;
    run.process.kill('SIGKILL');
    await run.ended;
    const next = bench.supervise(join(bench.folder, 'tiny.json'));
    await waitFor('the adoption', () => next.output().includes(`Adopted the trainer that is still running: attempt 1`));
    expect(isAlive(trainer)).toBe(true);
    next.process.kill('SIGTERM');
    expect((await next.ended).code, next.output()).toBe(75);
    expect(launches()).toHaveLength(1);
  });
});
