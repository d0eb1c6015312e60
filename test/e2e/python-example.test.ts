import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { openBench, readEpochInfo, readJson, waitFor } from './support.js';

const page = readFileSync(new URL('../../docs/trainer-contract.md', import.meta.url), 'utf8');
const program = /```python\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
const hasPython = spawnSync('python3', ['--version']).status === 0;

describe('the Python trainer of docs/trainer-contract.md', () => {
  let close: () => Promise<void> = async () => undefined;
  afterEach(() => close());

  it.skipIf(!hasPython)('is supervised as it is: killed, resumed, stopped, continued (needs python3)', async () => {
    const bench = openBench('python');
    close = bench.close;
    const slow = program.replace('# train_one_epoch()', 'import time; time.sleep(0.3)');
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
});
