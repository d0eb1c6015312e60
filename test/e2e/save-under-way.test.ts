import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { verifyCheckpoint } from '../../src/checkpoint/index.js';
import { type Bench, metricEpochs, openBench, readEpochInfo, readJson, tinyExperiment, waitFor } from './support.js';

const fixture = resolve(import.meta.dirname, '../fixtures/holds-a-save.mjs');
const stepsPerEpoch = 4;

let bench: Bench;
beforeEach(() => {
  bench = openBench('under-way');
});
afterEach(() => bench.close());

/** A trainer by itself, with the save of one checkpoint held until it is let go. */
function holdSave(held: string, epochs: number, checkpoints: object) {
  const folder = join(bench.folder, 'hold');
  mkdirSync(folder);
  const path = bench.experiment(
    'held.json',
    tinyExperiment({
      epochs,
      training: { batch_size: 2, steps_per_epoch: stepsPerEpoch, backend: 'wasm' },
      metrics: { steps: true },
      checkpoints,
    }),
  );
  const directory = join(bench.folder, 'checkpoints');
  const flags = ['--config', path, '--checkpoint_dir', directory, '--run-dir', bench.folder];
  const heartbeat = join(bench.folder, 'heartbeat.json');
  const env = {
    ...{ NODE_OPTIONS: `--import=${fixture}`, HOLD_SAVE: held, HOLD_FOLDER: folder },
    ...{ SUPERVISE_HEARTBEAT: heartbeat },
  };
  const linesOf = (file: string) => (existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : []);
  return {
    ...{ directory, flags, heartbeat },
    run: bench.trainWith(env, ...flags),
    isHeld: () => existsSync(join(folder, 'held')),
    letGo: () => writeFileSync(join(folder, 'go'), ''),
    commits: () => linesOf(join(folder, 'commits')),
    stepsDone: () => linesOf(join(bench.folder, 'steps.jsonl')).length,
  };
}

describe('a save under way', () => {
  it('is finished on SIGTERM, then the step is saved; both checkpoints verify, and the run goes on from there', async () => {
    const { run, directory, flags, heartbeat, isHeld, letGo, commits, stepsDone } = holdSave('ckpt-1', 2, {
      every: 'epoch',
    });
    await waitFor('the save of epoch 1 to be held', isHeld);
    // The training goes on meanwhile.
    await waitFor('a step of epoch 2', () => stepsDone() > stepsPerEpoch);
    run.process.kill('SIGTERM');
    await waitFor('the trainer to hear it', () => readJson(heartbeat)?.['phase'] === 'checkpoint');
    expect(commits()).toEqual([]);
    letGo();
    expect((await run.ended).code, run.output()).toBe(75);

    const info = readEpochInfo(directory);
    const partial = info?.partial?.checkpoint ?? '';
    expect(info).toMatchObject({ last_completed_epoch: 1, checkpoint: 'ckpt-1', status: 'preempted' });
    expect(partial).toMatch(/^partial-2-[1-4]$/);
    expect(commits()).toEqual(['ckpt-1 running', `${partial} preempted`]);
    for (const name of ['ckpt-1', partial])
      expect(verifyCheckpoint(join(directory, name), 'full'), name).toMatchObject({ ok: true });

    const next = bench.train(...flags, '--resume');
    expect((await next.ended).code, next.output()).toBe(0);
    expect(next.output()).toContain('Last completed epoch: 1');
    expect(metricEpochs(bench.folder)).toEqual([1, 2]);
    expect(stepsDone()).toBe(2 * stepsPerEpoch);
  });

  it('lets those inside an epoch be left out; the one after it waits', async () => {
    const { run, isHeld, letGo, commits, stepsDone } = holdSave('partial-1-1', 1, { every: '1 step' });
    await waitFor('the save of step 1 to be held', isHeld);
    await waitFor('the last step', () => stepsDone() === stepsPerEpoch);
    letGo();
    expect((await run.ended).code, run.output()).toBe(0);
    expect(commits()).toEqual(['partial-1-1 running', 'ckpt-1 completed']);
  });

  it('is waited for with when_busy "wait"', async () => {
    const { run, isHeld, letGo, commits, stepsDone } = holdSave('partial-1-1', 1, {
      every: '1 step',
      when_busy: 'wait',
    });
    await waitFor('the save of step 1 to be held', isHeld);
    await waitFor('the next step', () => stepsDone() === 2);
    letGo();
    expect((await run.ended).code, run.output()).toBe(0);
    const partials = ['partial-1-1 running', 'partial-1-2 running', 'partial-1-3 running'];
    expect(commits()).toEqual([...partials, 'ckpt-1 completed']);
  });
});
