import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { experimentSchema } from '../../../src/config/schema.js';
import { schemaLeaves } from '../../../src/config/schema-leaves.js';
import { figuresOfSteps } from './small-training.js';

const folder = mkdtempSync(join(tmpdir(), 'supervise-settings-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Settings = Readonly<Record<string, unknown>>;

/** A training with every part switched on that a setting below belongs to, at the least size. */
const usual: Settings = {
  experiment_name: 'settings',
  epochs: 4,
  'data.dir': folder,
  'data.worker_thread': false,
  'data.image_width': 32,
  'data.train_samples': 12,
  'data.val_samples': 2,
  'data.digits_min': 1,
  'data.digits_max': 2,
  'model.generator.filters': 2,
  'model.generator.depth': 1,
  'model.discriminator.filters': 2,
  'model.discriminator.num_layers': 1,
  'model.discriminator.embedding_size': 2,
  'model.discriminator.lstm_units': 3,
  'training.batch_size': 2,
  'training.steps_per_epoch': 4,
  'training.backend': 'wasm',
  'loss_weights.contrastive_loss_weight': 0.5,
};

const transformer: Settings = {
  'model.recognizer.architecture': 'transformer',
  'model.recognizer.use_pretrained': false,
  'model.recognizer.filters': 1,
  'model.recognizer.dimension': 4,
  'model.recognizer.heads': 2,
  'model.recognizer.feed_forward': 4,
  'model.recognizer.layers': 1,
};
const decay: Settings = { 'schedule.use_lr_schedule': true, 'schedule.lr_decay_epochs': 3 };
const balanced: Settings = { 'adaptive_balancing.enabled': true };

/** Settings, another value of each, and what has to be set for it to mean anything. */
const changes: [key: string, value: unknown, beside?: Settings][] = [
  ['seed', 7],
  ['model.generator.architecture', 'enhanced'],
  ['model.generator.architecture', 'enhanced_v2'],
  ['model.generator.filters', 3],
  ['model.generator.depth', 2],
  ['model.generator.num_residual_blocks', 4, { 'model.generator.architecture': 'enhanced' }],
  ['model.discriminator.architecture', 'enhanced_v2'],
  ['model.discriminator.filters', 3],
  ['model.discriminator.num_layers', 2],
  ['model.discriminator.embedding_size', 3],
  ['model.discriminator.lstm_units', 4],
  ['model.discriminator.mode', 'ground_truth'],
  ['model.recognizer.use_pretrained', false],
  ['model.recognizer.architecture', 'crnn', transformer],
  ['model.recognizer.input_range', '-1..1', transformer],
  ['model.recognizer.filters', 2, transformer],
  ['model.recognizer.dimension', 6, transformer],
  ['model.recognizer.heads', 1, transformer],
  ['model.recognizer.feed_forward', 5, transformer],
  ['model.recognizer.layers', 2, transformer],
  ['training.batch_size', 3],
  ['training.accumulate', 2],
  ['optimizer.lr_g', 0.01],
  ['optimizer.lr_d', 0.01],
  ['optimizer.beta1', 0.9],
  ['optimizer.beta2', 0.5],
  ['optimizer.momentum_d', 0],
  ['optimizer.gradient_clip_norm', 0.01],
  ['schedule.use_lr_schedule', true],
  ['schedule.lr_decay_epochs', 2, decay],
  ['schedule.lr_decay_from_epoch', 2, decay],
  ['schedule.lr_alpha', 0.5, decay],
  ['schedule.lr_warmup_epochs', 3],
  ['schedule.warmup_epochs', 2],
  ['schedule.annealing_epochs', 3],
  ['loss_weights.pixel_loss_weight', 20],
  ['loss_weights.adv_loss_weight', 0],
  ['loss_weights.rec_feat_loss_weight', 50],
  ['loss_weights.ctc_loss_weight', 0.1],
  ['loss_weights.contrastive_loss_weight', 0],
  ['loss_config.ctc_loss_clip_max', 0.5],
  ['loss_config.real_label', 0.5],
  ['loss_config.pixel_loss_type', 'mse'],
  ['loss_config.discriminator_loss_type', 'lsgan'],
  ['loss_config.contrastive_temperature', 1],
  ['loss_config.gradient_penalty_weight', 10],
  ['adaptive_balancing.enabled', true],
  ['adaptive_balancing.target_ctc_ratio', 0.2, balanced],
  ['adaptive_balancing.target_visual_ratio', 0.9, balanced],
  ['adaptive_balancing.adaptation_rate', 0.6, balanced],
];

/** Told with other tests, or with the one below: they act outside of a step, or need files that are not here. */
const elsewhere = [
  'model.recognizer.weights',
  'model.recognizer.blank',
  'model.recognizer.dropout',
  'loss_weights.perceptual_loss_weight',
  'loss_config.use_perceptual_loss',
  'loss_config.perceptual_weights',
  'loss_config.perceptual_layers',
];

async function takeSteps(settings: Settings): Promise<string> {
  const config = experimentSchema.parse(nest({ ...usual, ...settings }));
  return JSON.stringify(await figuresOfSteps(config, folder));
}

function nest(settings: Settings): Record<string, Record<string, unknown>> {
  const root: Record<string, unknown> = {};
  for (const [path, value] of Object.entries(settings)) {
    let section = root;
    const keys = path.split('.');
    for (const key of keys.slice(0, -1)) {
      section[key] ??= {};
      section = section[key] as Record<string, unknown>;
    }
    section[keys.at(-1) as string] = value;
  }
  return root as Record<string, Record<string, unknown>>;
}

const known = new Map<string, Promise<string>>();
const once = (settings: Settings) => {
  const key = JSON.stringify(settings);
  const figures = known.get(key) ?? takeSteps(settings);
  known.set(key, figures);
  return figures;
};

describe('every setting of networks, optimizers, schedule and losses', () => {
  test.each(changes)('%s = %j changes what a training does', async (key, value, beside = {}) => {
    expect(await takeSteps({ ...beside, [key]: value })).not.toBe(await once(beside));
  });

  test('is among them', () => {
    const sections = /^(model|optimizer|schedule|loss_weights|loss_config|adaptive_balancing)\./;
    const all = [...schemaLeaves().keys()].filter((path) => sections.test(path));
    expect(all.filter((path) => !elsewhere.includes(path) && !changes.some(([key]) => key === path))).toEqual([]);
  });

  test('that is not changed gives the same training', async () => {
    expect(await takeSteps({})).toBe(await once({}));
  });

  test('the perceptual loss needs its weights, unless it is switched off', async () => {
    const perceptual = { 'loss_weights.perceptual_loss_weight': 0.2 };
    await expect(takeSteps(perceptual)).rejects.toThrow(/perceptual_weights.*weights of VGG-19 are not given/s);
    const named = { ...perceptual, 'loss_config.perceptual_weights': join(folder, 'vgg.h5') };
    await expect(takeSteps(named)).rejects.toThrow(/vgg\.h5/);
    const layers = { ...named, 'loss_config.perceptual_layers': ['block9_conv1'] };
    await expect(takeSteps(layers)).rejects.toThrow(/no layer block9_conv1/);
    expect(await takeSteps({ ...perceptual, 'loss_config.use_perceptual_loss': false })).toBe(await once({}));
  });
});
