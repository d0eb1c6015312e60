import { describe, expect, test } from 'vitest';
import { load, loadText, valueAt } from './support.js';

describe('values that can only mean one thing', () => {
  test.each<[string, unknown, unknown]>([
    ['epochs', '12', 12],
    ['epochs', ' 12 ', 12],
    ['epochs', '1e1', 10],
    ['epochs', 12.0, 12],
    ['optimizer.lr_g', '0.001', 0.001],
    ['optimizer.lr_g', '1e-4', 1e-4],
    ['optimizer.lr_g', '.5', 0.5],
    ['optimizer.lr_g', '2E-4', 2e-4],
    ['resume', 'true', true],
    ['resume', 'Yes', true],
    ['resume', 'OFF', false],
    ['resume', '0', false],
    ['resume', 1, true],
    ['resume', 'auto', true],
    ['seed', '-5', -5],
    ['description', 7, '7'],
    ['experiment_name', 20260131, '20260131'],
    ['training.gpu_id', 0, '0'],
    ['training.gpu_id', [0, 1], '0,1'],
    ['training.gpu_id', '0,1', '0,1'],
    ['training.gpu_id', 'cuda:1', '1'],
    ['training.gpu_id', '/gpu:2', '2'],
    ['training.gpu_id', 'GPU-8a1b2c', 'GPU-8a1b2c'],
    ['training.gpu_id', 'cpu', '-1'],
    ['training.gpu_id', 'cuda', undefined],
    ['training.gpu_id', null, undefined],
    ['training.steps_per_epoch', null, undefined],
    ['training.precision', 32, 'fp32'],
    ['training.precision', 'float32', 'fp32'],
    ['training.backend', 'TensorFlow', 'tensorflow'],
    ['model.generator.architecture', 'Enhanced_V2', 'enhanced_v2'],
    ['model.discriminator.mode', 'ground-truth', 'ground_truth'],
    ['schedule.use_lr_schedule', 'cosine_decay', true],
    ['schedule.use_lr_schedule', null, false],
    ['optimizer.gradient_clip_norm', null, 0],
    ['loss_config.discriminator_loss_type', 'vanilla', 'bce'],
    ['early_stopping.monitor', 'val_cer', 'cer'],
    ['early_stopping.mode', 'maximize', 'max'],
    ['checkpoints.save_interval', 'epoch', 1],
    ['restart.initial_delay_ms', '500ms', 500],
    ['restart.initial_delay_ms', '30s', 30_000],
    ['restart.max_delay_ms', '1.5 min', 90_000],
    ['restart.max_delay_ms', '1h', 3_600_000],
    ['restart.stop_grace_ms', '1m30s', 90_000],
    ['restart.stop_grace_ms', 1500, 1500],
    ['trainer.command', 'python train.py --lr=1e-3', ['python', 'train.py', '--lr=1e-3']],
    ['trainer.command', 'train.sh', ['train.sh']],
    ['trainer.resume_args', '--resume', ['--resume']],
    ['trainer.resume_args', [], []],
    ['trainer.epoch_base', '0', 0],
  ])('%s: %j → %j', (path, value, expected) => {
    const content = path.split('.').reduceRight<unknown>((inner, key) => ({ [key]: inner }), value) as object;
    const { config, warnings } = load(content);
    expect(valueAt(config, path)).toEqual(expected);
    expect(warnings).toEqual([]);
  });
});

describe('a generic word means something in a fitting section only', () => {
  test.each<[string, object, string | undefined]>([
    ['optimizer.name', { optimizer: { name: 'adam' } }, undefined],
    ['model.name', { model: { name: 'resnet' } }, 'unknown key model.name'],
    ['dataset.name', { dataset: { name: 'digits' } }, 'unknown key dataset.name'],
    ['scheduler.patience', { scheduler: { patience: 1 } }, 'unknown key scheduler.patience'],
    ['loss.alpha', { loss: { alpha: 0.3 } }, 'unknown key loss.alpha'],
    ['model.depth', { model: { depth: 2 } }, undefined],
    ['num_gpus', { num_gpus: 1 }, undefined],
    ['devices', { devices: 2 }, 'devices = 2 is understood, but has no effect here'],
  ])('%s', (_, content, warning) => {
    const { config, warnings } = load(content);
    expect(config.experiment_name).toBe('night');
    expect(config.training.gpu_id).toBeUndefined();
    expect(config.early_stopping.patience).toBe(15);
    expect(config.schedule.lr_alpha).toBe(0);
    expect(warnings.map(({ message }) => message)).toEqual(
      warning === undefined ? [] : [expect.stringContaining(warning)],
    );
  });

  test('a directory is that of its section', () => {
    const { config } = load({ checkpoint: { dir: 'a' }, samples: { dir: 'b' }, data: { dir: 'c' } });
    expect([config.checkpoint_dir, config.sample_dir, config.data.dir]).toEqual(['a', 'b', 'c']);
  });

  test('an interval is that of its section', () => {
    const { config } = load({
      visualization: { save_every: 2 },
      evaluation: { every: 3 },
      checkpoint: { save_every: 4 },
    });
    expect([config.samples.save_interval, config.checkpoints.eval_interval, config.checkpoints.save_interval]).toEqual([
      2, 3, 4,
    ]);
  });
});

describe('notes are for people', () => {
  test.each([
    { _note: 'x' },
    { training: { _batch_size: 'no' } },
    { notes: { epochs: 'many' } },
    { hypothesis: 'x', expected_outcome: { psnr: [1] } },
    { lr_comment: 'x', training: { batch_note: 'x' } },
    { $schema: './experiment.schema.json' },
    JSON.parse('{ "__proto__": { "epochs": 9 } }') as object,
  ])('%j', (content) => {
    const { config, warnings } = loadText(JSON.stringify({ epochs: 3, ...content }));
    expect([config.epochs, warnings]).toEqual([3, []]);
  });
});

describe('keys that objects have by themselves are unknown keys', () => {
  test.each(['constructor', 'prototype', 'valueOf', 'hasOwnProperty'])('%s', (key) => {
    const { warnings } = loadText(`{ "epochs": 3,\n"${key}": { "polluted": true }, "training": { "${key}": 1 } }`);
    expect(warnings.map(({ line }) => line)).toEqual([2, 2]);
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });

  test('__proto__ among the variables of a trainer pollutes nothing', () => {
    loadText('{ "epochs": 3, "trainer": { "env": { "__proto__": { "polluted": "yes" }, "constructor": "mine" } } }');
    expect(({} as Readonly<Record<string, unknown>>)['polluted']).toBeUndefined();
  });
});
