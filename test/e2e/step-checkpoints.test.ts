import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type Bench,
  checkpointContent,
  metricEpochs,
  openBench,
  readJson,
  tinyExperiment,
  waitFor,
} from './support.js';

let bench: Bench;
beforeEach(() => {
  bench = openBench('steps');
});
afterEach(() => bench.close());

const restart = { initial_delay_ms: 1, max_delay_ms: 5, max_restarts_without_progress: 20 };
const content = (name: string, epoch: number) =>
  checkpointContent(join(bench.folder, `runs/${name}/checkpoints/ckpt-${epoch}`));

describe('checkpoints inside an epoch', () => {
  it('are resumed to the exact step, and end in the same bits as none', async () => {
    const experiment = (name: string, every: string) =>
      bench.experiment(
        `${name}.json`,
        tinyExperiment({
          experiment_name: name,
          epochs: 2,
          data: { image_width: 32, image_height: 32, digits_min: 1, digits_max: 2, train_samples: 8, val_samples: 2 },
          training: { batch_size: 2, steps_per_epoch: 16, backend: 'wasm' },
          samples: { save_samples: false },
          checkpoints: { every },
          restart,
        }),
      );
    const run = bench.supervise(experiment('often', '3 steps'));
    const runDir = join(bench.folder, 'runs/often');
    const partial = () =>
      readJson(join(runDir, 'checkpoints/epoch_info.json'))?.['partial'] as { step: number } | undefined;
    await waitFor('a checkpoint inside the epoch', () => (partial()?.step ?? 0) >= 3);
    process.kill(readJson(join(runDir, 'status.json'))?.['trainer_pid'] as number, 'SIGKILL');
    expect((await run.ended).code, run.output()).toBe(0);
    expect(run.output()).toMatch(/Last checkpoint: partial-1-\d+/);
    expect(readFileSync(join(runDir, 'attempts/0002/output.log'), 'utf8')).toMatch(
      /Continuing from epoch: 1\/2, step \d+/,
    );
    expect(metricEpochs(runDir)).toEqual([1, 2]);

    expect((await bench.supervise(experiment('never', 'epoch')).ended).code).toBe(0);
    expect(content('often', 2)).toEqual(content('never', 2));
  });
});

describe('a training that diverges', () => {
  /** With this learning rate the first step throws the weights out of all proportion, and the next losses are NaN. */
  const start = (rollback: object) =>
    bench.supervise(
      bench.experiment(
        'nan.json',
        tinyExperiment({
          experiment_name: 'nan',
          epochs: 2,
          optimizer: { lr_g: 1e20 },
          checkpoints: { every: 'epoch' },
          rollback,
          restart,
        }),
      ),
    );
  const status = () => readJson(join(bench.folder, 'runs/nan/status.json'));

  it('goes back to what is saved, and changes what the policy says', async () => {
    const run = start({ policy: 'cut_lr', lr_factor: 1e-23 });
    expect((await run.ended).code, run.output()).toBe(0);
    expect(run.output()).toContain('the training diverged (NaN or infinity)');
    const log = readFileSync(join(bench.folder, 'runs/nan/attempts/0002/output.log'), 'utf8');
    expect(log).toMatch(/The last attempt diverged at epoch 1, step \d: the learning rates are multiplied by 1e-23\./);
    expect(status()).toMatchObject({ epochs_completed: 2, restarts: 1, last_failure: { class: 'diverged' } });
    expect(metricEpochs(join(bench.folder, 'runs/nan'))).toEqual([1, 2]);
  });

  it('is given up with the evidence when rollbacks do not help', async () => {
    const run = start({ policy: 'none', max_rollbacks: 2 });
    expect((await run.ended).code, run.output()).toBe(69);
    expect(run.output()).toContain('2 rollbacks did not help');
    expect(run.output()).toMatch(/is NaN at epoch 1, step \d/);
    expect(status()).toMatchObject({ state: 'gaveUp', epochs_completed: 0, restarts: 2 });
  });
});
