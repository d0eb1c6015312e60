import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { loadExperiment } from '../../src/config/index.js';
import { valueAt } from './support.js';

const folder = fileURLToPath(new URL('../fixtures/configs/', import.meta.url));
const command = (...words: string[]) => words;

/** What each file means: every value that it sets, by canonical path, and nothing else. */
const meanings: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'both-spellings': {
    experiment_name: 'both_spellings',
    epochs: 10,
    'training.batch_size': 4,
    'optimizer.lr_g': 0.002,
    'early_stopping.patience': 6,
  },
  'camel-case': {
    experiment_name: 'camelCase-run',
    epochs: 8,
    seed: 99,
    checkpoint_dir: 'store/camel',
    'training.batch_size': 4,
    'optimizer.lr_g': 0.002,
    'schedule.use_lr_schedule': true,
    'loss_weights.ctc_loss_weight': 0.7,
    'early_stopping.enabled': true,
    'early_stopping.patience': 6,
    'early_stopping.min_delta': 0.02,
    'early_stopping.restore_best_weights': true,
    'checkpoints.save_interval': 2,
  },
  'dotted-keys': {
    experiment_name: 'dotted-keys',
    epochs: 13,
    checkpoint_dir: 'kept/dotted',
    'trainer.command': command('python3', '-u', 'train.py'),
    'trainer.env.OMP_NUM_THREADS': '2',
    'training.batch_size': 7,
    'optimizer.lr_g': 0.0009,
    'early_stopping.patience': 8,
  },
  'empty-sections': {
    experiment_name: 'empty_sections',
    epochs: 1,
    'optimizer.gradient_clip_norm': 0,
    'loss_config.perceptual_layers': [],
  },
  'flat-argparse': {
    experiment_name: 'flat_argparse',
    epochs: 12,
    seed: 1234,
    checkpoint_dir: 'out/ckpt',
    no_restore: false,
    'training.steps_per_epoch': 90,
    'training.batch_size': 6,
    'optimizer.lr_g': 0.001,
    'optimizer.lr_d': 0.0005,
    'early_stopping.patience': 4,
    'checkpoints.save_interval': 2,
  },
  'flat-with-remarks': {
    experiment_name: 'flat_with_remarks',
    epochs: 4,
    checkpoint_dir: 'ckpt/remarks',
    sample_dir: 'pictures/remarks',
    'model.generator.architecture': 'base',
    'model.discriminator.architecture': 'enhanced_v2',
    'model.discriminator.mode': 'ground_truth',
    'model.recognizer.weights': 'weights/reader',
    'training.batch_size': 5,
    'training.gpu_id': '0',
    'optimizer.lr_g': 0.00015,
    'optimizer.lr_d': 0.00005,
    'loss_weights.pixel_loss_weight': 75,
    'loss_weights.adv_loss_weight': 2,
    'adaptive_balancing.enabled': true,
    'early_stopping.enabled': true,
    'early_stopping.patience': 3,
    'checkpoints.max_checkpoints': 2,
  },
  'foreign-trainer': {
    experiment_name: 'foreign_trainer',
    epochs: 40,
    'trainer.command': command('python', '-u', 'train.py', '--config', 'my.yaml'),
    'trainer.resume_args': ['--resume-from', 'latest'],
    'trainer.epoch_base': 0,
    'trainer.env.PYTHONUNBUFFERED': '1',
    'trainer.env.NCCL_DEBUG': 'WARN',
    'trainer.cwd': 'code',
    'restart.initial_delay_ms': 2000,
    'restart.max_delay_ms': 150_000,
    'restart.max_restarts': 25,
    'restart.stop_grace_ms': 45_000,
    'training.gpu_id': '3',
  },
  'hugging-face-like': {
    experiment_name: 'hugging_face_like',
    epochs: 5,
    seed: 3,
    run_dir: 'results/hf',
    'training.batch_size': 2,
    'training.accumulate': 1,
    'optimizer.lr_g': 0.0003,
    'optimizer.beta1': 0.9,
    'optimizer.beta2': 0.98,
    'optimizer.gradient_clip_norm': 1,
    'schedule.use_lr_schedule': true,
    'early_stopping.monitor': 'psnr',
    'early_stopping.restore_best_weights': true,
    'checkpoints.max_checkpoints': 2,
  },
  'hydra-lightning': {
    experiment_name: 'hydra_lightning',
    epochs: 11,
    seed: 2024,
    run_dir: 'work/lightning',
    checkpoint_dir: 'work/lightning/ckpt',
    'training.batch_size': 16,
    'training.precision': 'fp32',
    'optimizer.lr_g': 0.0006,
    'optimizer.gradient_clip_norm': 0.5,
    'schedule.use_lr_schedule': true,
    'schedule.lr_decay_epochs': 11,
    'schedule.lr_warmup_epochs': 2,
    'early_stopping.patience': 5,
    'early_stopping.monitor': 'psnr',
    'early_stopping.mode': 'max',
    'checkpoints.save_interval': 1,
    'checkpoints.eval_interval': 2,
  },
  'keras-like': {
    experiment_name: 'keras_like',
    epochs: 6,
    'training.steps_per_epoch': 120,
    'training.batch_size': 8,
    'optimizer.lr_g': 0.0001,
    'optimizer.gradient_clip_norm': 1.5,
    'schedule.use_lr_schedule': true,
    'schedule.lr_decay_epochs': 6,
    'schedule.lr_alpha': 0.1,
    'schedule.lr_warmup_epochs': 1,
    'early_stopping.enabled': true,
    'early_stopping.patience': 2,
    'early_stopping.min_delta': 0.1,
    'early_stopping.monitor': 'psnr',
    'early_stopping.restore_best_weights': true,
    'checkpoints.save_best_only': false,
    'checkpoints.save_interval': 1,
  },
  'sections-in-full': {
    experiment_name: 'sections_in_full',
    description: 'Every section by its own name.',
    epochs: 20,
    'model.generator.architecture': 'enhanced',
    'model.generator.filters': 32,
    'model.generator.num_residual_blocks': 6,
    'model.discriminator.architecture': 'enhanced_v2',
    'model.discriminator.filters': 48,
    'model.discriminator.mode': 'ground_truth',
    'model.recognizer.architecture': 'crnn',
    'model.recognizer.use_pretrained': true,
    'training.steps_per_epoch': 411,
    'training.batch_size': 3,
    'training.gpu_id': '1',
    'optimizer.lr_g': 0.0003,
    'optimizer.lr_d': 0.0001,
    'optimizer.beta1': 0.4,
    'schedule.use_lr_schedule': true,
    'schedule.lr_decay_epochs': 20,
    'schedule.warmup_epochs': 3,
    'schedule.annealing_epochs': 2,
    'loss_weights.pixel_loss_weight': 120,
    'loss_weights.ctc_loss_weight': 0.4,
    'loss_config.ctc_loss_clip_max': 150,
    'loss_config.discriminator_loss_type': 'lsgan',
    'early_stopping.enabled': true,
    'early_stopping.patience': 7,
    'early_stopping.monitor': 'cer',
    'early_stopping.mode': 'min',
    'checkpoints.max_checkpoints': 4,
    'metrics.cer_weight': 0.25,
  },
  slips: { experiment_name: 'slips', epochs: 2, 'checkpoints.save_interval': 3 },
  'training-holds-all': {
    experiment_name: 'training_holds_all',
    epochs: 9,
    seed: 7,
    checkpoint_dir: 'ckpts/holds_all',
    resume: true,
    'data.tfrecord_path': 'records/train.tfrecord',
    'data.val_tfrecord_path': 'records/val.tfrecord',
    'training.batch_size': 2,
    'optimizer.lr_g': 0.0004,
    'optimizer.lr_d': 0.0002,
    'optimizer.gradient_clip_norm': 2.5,
    'schedule.use_lr_schedule': true,
    'schedule.lr_warmup_epochs': 1,
    'checkpoints.save_best_only': false,
    'checkpoints.save_interval': 1,
  },
};

const warned: Readonly<Record<string, readonly (readonly [number, string])[]>> = {
  'both-spellings': [
    [4, 'epochs = 10 (line 3) is used, num_epochs = 12 (line 4) is not: both mean epochs'],
    [7, 'learning_rate_g = 0.002 (line 8) is used, lr = 0.001 (line 7) is not: both mean optimizer.lr_g'],
    [9, 'patience = 6 (line 10) is used, patience = 5 (line 9) is not: both mean early_stopping.patience'],
  ],
  'camel-case': [[8, 'save_interval 2: a crash loses up to that many epochs']],
  'flat-argparse': [[10, 'save_interval 2: a crash loses up to that many epochs']],
  slips: [
    [4, 'unknown key batch_sise; did you mean batch_size? (ignored)'],
    [5, 'unknown key training.learing_rate; did you mean learning_rate? (ignored)'],
    [6, 'unknown key early_stoping.patience; did you mean early_stopping.patience? (ignored)'],
    [8, 'use_amp = true is understood, but has no effect here'],
    [9, 'gpus = 4 is understood, but has no effect here'],
    [10, 'unknown key frobnicate (ignored)'],
    [11, 'unknown key mode; did you mean model.discriminator.mode or early_stopping.mode? (ignored)'],
    [7, 'save_interval 3: a crash loses up to that many epochs'],
  ],
};

test('every fixture is in the table', () => {
  const files = readdirSync(folder).map((name) => name.replace(/\.json$/, ''));
  expect(files.sort()).toEqual(Object.keys(meanings).sort());
});

describe.each(Object.entries(meanings))('%s.json', (name, meaning) => {
  const path = join(folder, `${name}.json`);
  const { config, origins, warnings } = loadExperiment({ path });
  const fromFile = Object.entries(origins).filter(([, { source }]) => source === 'file');

  test('sets these values, and no others', () => {
    expect(Object.fromEntries(fromFile.map(([key]) => [key, valueAt(config, key)]))).toEqual(meaning);
  });

  test('knows where each was written', () => {
    const lines = readFileSync(path, 'utf8').split('\n');
    for (const [, { key, line }] of fromFile) {
      const parts = key?.split('.') ?? [];
      const spellings = parts.map((_, from) => `"${parts.slice(from).join('.')}":`);
      expect(spellings.some((spelling) => lines[(line ?? 0) - 1]?.includes(spelling))).toBe(true);
    }
  });

  test('warns of these things, and no others', () => {
    expect(warnings.map(({ line, message }) => [line, message])).toEqual(warned[name] ?? []);
  });
});
