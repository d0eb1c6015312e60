import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { openBench, readEpochInfo, readJson, waitFor } from './support.js';

const page = readFileSync(new URL('../../docs/trainer-contract.md', import.meta.url), 'utf8');
const program = /## A complete trainer in Python\n[\s\S]*?```python\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
const hasPython = spawnSync('python3', ['--version']).status === 0;

describe('the Python trainer of docs/trainer-contract.md', () => {
  let close: () => Promise<void> = async () => undefined;
  afterEach(() => close());

  it.skipIf(!hasPython)('is supervised as it is: killed, resumed, stopped, continued (needs python3)', async () => {
    const bench = openBench('python');
    close = bench.close;
    const slow = program.replace('# train_one_step(epoch, step)', '; __import__("time").sleep(0.003)');
    expect(slow).not.toBe(program);
    writeFileSync(join(bench.folder, 'train.py'), slow);
    const path = bench.experiment('night.json', {
      experiment_name: 'night-1',
      epochs: 8,
      trainer: { command: ['python3', 'train.py'] },
      restart: { initial_delay_ms: 1, max_delay_ms: 5 },
    });
    const runDir = join(bench.folder, 'runs/night-1');
    const status = () => readJson(join(runDir, 'status.json'));
    const done = (epochs: number) => (readEpochInfo(join(runDir, 'checkpoints'))?.last_completed_epoch ?? 0) >= epochs;
    const first = bench.supervise(path);
    await waitFor('the second epoch', () => done(2));
    process.kill(status()?.['trainer_pid'] as number, 'SIGKILL');
    await waitFor('the fourth epoch', () => done(4));
    first.process.kill('SIGTERM');
    expect((await first.ended).code, first.output()).toBe(75);
    const second = bench.supervise(path);
    expect((await second.ended).code, second.output()).toBe(0);
    expect(status()).toMatchObject({ state: 'completed', epochs_completed: 8, restarts: 1 });
  });

  it.skipIf(!hasPython)('leaves out the batches that give NaN, once it is told of them (needs python3)', async () => {
    const bench = openBench('python-nan');
    close = bench.close;
    const poisoned = program.replace(
      'loss = 0.0  # train_one_step(epoch, step)',
      'loss = math.nan if (epoch, step) in [(1, 0), (2, 60), (3, 0)] else 0.0; print("step", epoch, step)',
    );
    expect(poisoned).not.toBe(program);
    writeFileSync(join(bench.folder, 'train.py'), poisoned);
    const path = bench.experiment('night.json', {
      experiment_name: 'nan',
      epochs: 4,
      trainer: { command: ['python3', 'train.py'] },
      restart: { initial_delay_ms: 1, max_delay_ms: 5 },
    });
    const run = bench.supervise(path);
    expect((await run.ended).code, run.output()).toBe(0);
    const runDir = join(bench.folder, 'runs/nan');
    expect(readJson(join(runDir, 'status.json'))).toMatchObject({ state: 'completed', restarts: 3 });
    const log = readFileSync(join(runDir, 'attempts/0004/output.log'), 'utf8');
    // The last attempt goes on after epoch 2, and leaves out the first step of epoch 3 only.
    expect(log.startsWith('step 3 1\n')).toBe(true);
    expect(log.match(/^step /gm)).toHaveLength(199);
  });
});
