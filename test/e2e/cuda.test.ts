import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { afterEach, describe, expect, it } from 'vitest';
import { parseJournal } from '../../src/protocol/index.js';
import { type Bench, openBench, type Run, readJson } from './support.js';

const python = process.env['SUPERVISE_TORCH_PYTHON'] ?? 'python3';
/** Whether PyTorch can use a card here, and the driver can be asked. */
const hasCuda =
  spawnSync('nvidia-smi', ['-L']).status === 0 &&
  spawnSync(python, ['-c', 'import torch, sys; sys.exit(not torch.cuda.is_available())']).status === 0;

let bench: Bench;
afterEach(() => bench.close());

const runDir = () => join(bench.folder, 'runs/night');
const notes = () => readFileSync(join(runDir(), 'notes.txt'), 'utf8');
const events = (name: string) =>
  parseJournal(readFileSync(join(runDir(), 'journal.jsonl'), 'utf8')).entries.filter(({ event }) => event === name);
const failure = (attempt = 1) => readJson(join(runDir(), `attempts/000${attempt}/failure.json`));

async function train(fault: string, changes: Record<string, unknown> = {}): Promise<string> {
  const { trainer, ...others } = changes;
  const command = [python, resolve(import.meta.dirname, '../fixtures/trainers/cuda_trainer.py')];
  const experiment = bench.experiment('night.json', {
    experiment_name: 'night',
    epochs: 4,
    trainer: { command, env: { FAULT: fault, CUDA_LAUNCH_BLOCKING: '0' }, ...(trainer as object) },
    restart: { initial_delay_ms: 1, max_delay_ms: 20, max_restarts_without_progress: 5, stop_grace_ms: 1000 },
    ...others,
  });
  const run: Run = bench.supervise(experiment);
  expect((await run.ended).code, run.output()).toBe(0);
  expect(readJson(join(runDir(), 'status.json'))).toMatchObject({ state: 'completed', epochs_completed: 4 });
  return run.output();
}

/** Memory of the card that was free at the start of each attempt, in GiB. */
const freeAtStart = () => [...notes().matchAll(/free (\d+)/g)].map(([, gibibytes]) => Number(gibibytes));

describe.skipIf(!hasCuda)('a trainer on a card (needs an NVIDIA card, and a PyTorch that can use it)', () => {
  it('finishes without a fault', async () => {
    bench = openBench('cuda');
    await train('none');
    expect(events('launched')).toHaveLength(1);
  });

  it('that has no memory for its batch is given smaller ones', async () => {
    bench = openBench('cuda-memory');
    await train('out-of-memory', {
      trainer: { oom_args: ['--batch_size', '{batch_size}', '--accumulate', '{accumulate}'] },
      training: { batch_size: 16 },
    });
    expect(failure()).toMatchObject({ class: 'gpu-memory' });
    expect(notes()).toContain('--batch_size 8 --accumulate 2');
  });

  it.each(['assert', 'illegal-address'])('whose kernel fails is relaunched: %s', async (fault) => {
    bench = openBench('cuda-fault');
    await train(fault);
    expect(failure()).toMatchObject({ class: 'gpu-fault' });
    expect(events('launched')).toHaveLength(2);
  });

  it('whose kernel never ends is told from a long step, with what the card does as evidence', async () => {
    bench = openBench('cuda-hang');
    await train('endless-kernel', { hang: { min_ms: 3000, max_ms: 8000, startup_max_ms: 120_000, factor: 5 } });
    expect(failure()).toMatchObject({ class: 'hang' });
    const folder = join(runDir(), 'attempts/0001/hang');
    expect(existsSync(folder)).toBe(true);
    const [, utilisation] = /(\d+) %/.exec(readFileSync(join(folder, 'gpu.txt'), 'utf8')) ?? [];
    expect(Number(utilisation)).toBeGreaterThan(50);
    const [first = 0, second = 0] = freeAtStart();
    expect(second).toBeGreaterThanOrEqual(first - 1);
  });

  it('which leaves a process on the card is relaunched when the card is free again', async () => {
    bench = openBench('cuda-left');
    await train('grandchild');
    const holder = Number(/holder (\d+)/.exec(notes())?.[1]);
    expect(events('leftovers_removed')).toMatchObject([{ pids: [String(holder)] }]);
    const [first = 0, second = 0] = freeAtStart();
    expect(second).toBeGreaterThanOrEqual(first - 1);
  });
});
