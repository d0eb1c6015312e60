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

  /** A run of the program, changed so that it is one to be tested. */
  function open(name: string, changed: string, epochs: number) {
    expect(changed).not.toBe(program);
    const bench = openBench(name);
    close = bench.close;
    writeFileSync(join(bench.folder, 'train.py'), changed);
    const path = bench.experiment('night.json', {
      experiment_name: name,
      epochs,
      trainer: { command: ['python3', 'train.py'] },
      restart: { initial_delay_ms: 1, max_delay_ms: 5 },
    });
    return { bench, path, runDir: join(bench.folder, 'runs', name) };
  }

  it.skipIf(!hasPython)('is supervised as it is: killed, resumed, stopped, continued (needs python3)', async () => {
    const slow = program.replace('# train_one_step(epoch, step)', '; __import__("time").sleep(0.003)');
    const { bench, path, runDir } = open('python', slow, 8);
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
    const poisoned = program.replace(
      'loss = 0.0  # train_one_step(epoch, step)',
      'loss = math.nan if (epoch, step) in [(1, 0), (2, 60), (3, 0)] else 0.0; print("step", epoch, step)',
    );
    const { bench, path, runDir } = open('python-nan', poisoned, 4);
    const run = bench.supervise(path);
    expect((await run.ended).code, run.output()).toBe(0);
    expect(readJson(join(runDir, 'status.json'))).toMatchObject({ state: 'completed', restarts: 3 });
    const log = readFileSync(join(runDir, 'attempts/0004/output.log'), 'utf8');
    // The last attempt goes on after epoch 2, and leaves out the first step of epoch 3 only.
    expect(log.startsWith('step 3 1\n')).toBe(true);
    expect(log.match(/^step /gm)).toHaveLength(199);
  });
});
