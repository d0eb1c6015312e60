import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { findTensorFlow, runTensorFlow } from '../oracle/tensorflow.js';
import { checkpointContent, openBench, readEpochInfo, tinyExperiment } from './support.js';

const python = findTensorFlow();

describe.skipIf(python === undefined)('a checkpoint of the reference trainer in Python, and back', () => {
  let close: () => Promise<void> = async () => undefined;
  afterEach(() => close());

  it('loads into Keras models of the same layers, and what CheckpointManager saves of them is resumed exactly', async () => {
    const bench = openBench('python-checkpoint');
    close = bench.close;
    const path = bench.experiment('tiny.json', tinyExperiment());
    const flags = (name: string) => {
      const runDir = join(bench.folder, name);
      return ['--config', path, '--checkpoint_dir', join(runDir, 'checkpoints'), '--run-dir', runDir];
    };
    const first = bench.train(...flags('straight'), '--epochs', '1');
    expect((await first.ended).code, first.output()).toBe(0);
    cpSync(join(bench.folder, 'straight'), join(bench.folder, 'through'), { recursive: true });

    const through = join(bench.folder, 'through', 'checkpoints');
    const discriminator = { filters: 2, num_layers: 2, embedding_size: 4, lstm_units: 4 };
    const shape = { discriminator, flat: (64 / 4) * (32 / 4) * 4, characters: 10 };
    const printed = runTensorFlow(python ?? '', 'resave_checkpoint.py', through, '1', '2', '2', JSON.stringify(shape));
    const { compared, saved, ours } = JSON.parse(printed.trim().split('\n').at(-1) ?? '');
    expect(compared).toBeGreaterThan(100);
    expect([saved, ours]).toEqual([join(through, 'ckpt-1'), 0]);

    for (const name of ['straight', 'through']) {
      const second = bench.train(...flags(name), '--epochs', '2', '--resume');
      expect((await second.ended).code, second.output()).toBe(0);
      expect(second.output()).toContain('Last completed epoch: 1');
      expect(second.output().includes('saved by Python')).toBe(name === 'through');
      expect(second.output()).not.toContain('start at zero');
    }
    expect(readEpochInfo(through)).toMatchObject({ last_completed_epoch: 2, checkpoint: 'ckpt-2' });
    expect(tensorsOf(through)).toEqual(tensorsOf(join(bench.folder, 'straight', 'checkpoints')));
  }, 300_000);
});

function tensorsOf(directory: string) {
  const content = checkpointContent(join(directory, 'ckpt-2'));
  return [...content].filter(([name]) => !name.startsWith('_supervise/'));
}
