import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { metricEpochs, openBench, readEpochInfo, tinyExperiment } from './support.js';

describe('smoke: train two epochs, then resume to four', () => {
  let close: () => Promise<void> = async () => undefined;
  afterEach(() => close());

  it('by the trainer alone, with --resume', async () => {
    const bench = openBench('smoke-train');
    close = bench.close;
    const path = bench.experiment('smoke.json', tinyExperiment());
    const checkpoints = join(bench.folder, 'checkpoints');
    const flags = ['--config', path, '--checkpoint_dir', checkpoints, '--run-dir', bench.folder];
    const first = bench.train(...flags, '--epochs', '2');
    expect((await first.ended).code, first.output()).toBe(0);
    expect(readEpochInfo(checkpoints)).toMatchObject({ last_completed_epoch: 2, checkpoint: 'ckpt-2' });

    const second = bench.train(...flags, '--epochs', '4', '--resume');
    expect((await second.ended).code, second.output()).toBe(0);
    expect(readEpochInfo(checkpoints)).toMatchObject({
      last_completed_epoch: 4,
      checkpoint: 'ckpt-4',
      status: 'completed',
    });
    expect(metricEpochs(bench.folder)).toEqual([1, 2, 3, 4]);
    expect(second.output()).toMatch(/epoch 3\/4/i);
  });

  it('by supervise, with the epoch count raised in between', async () => {
    const bench = openBench('smoke-supervise');
    close = bench.close;
    const path = bench.experiment('smoke.json', tinyExperiment());
    const first = bench.supervise(path, '--epochs', '2');
    expect((await first.ended).code, first.output()).toBe(0);
    const second = bench.supervise(path, '--epochs', '4');
    expect((await second.ended).code, second.output()).toBe(0);
    expect(second.output()).toContain('Last checkpoint: ckpt-2');
    expect(second.output()).toContain('Last completed epoch: 2');
    expect(second.output()).toContain('Continuing from epoch: 3/4');
    expect(metricEpochs(join(bench.folder, 'runs/tiny'))).toEqual([1, 2, 3, 4]);

    const third = bench.supervise(path, '--epochs', '4');
    expect((await third.ended).code).toBe(0);
    expect(third.output()).not.toContain('trainer started');
  });
});
