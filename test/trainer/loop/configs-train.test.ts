import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { type Experiment, loadExperiment } from '../../../src/config/index.js';
import { figuresOfSteps } from './small-training.js';

/** Files of other projects: a folder of your own can be tried with SUPERVISE_CONFIGS. */
const configs = process.env['SUPERVISE_CONFIGS'] ?? fileURLToPath(new URL('../../fixtures/configs/', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'supervise-configs-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The same experiment at the least size, on made lines. */
function shrink({ data, model, training, loss_config, ...rest }: Experiment): Experiment {
  const { tfrecord_path: _, val_tfrecord_path: __, charset_path: ___, ...made } = data;
  const { num_residual_blocks: blocks, ...generator } = model.generator;
  const { architecture: ____, weights: _____, ...recognizer } = model.recognizer;
  const extra = blocks === undefined ? {} : { num_residual_blocks: Math.max(3, blocks - 6) };
  return {
    ...rest,
    data: {
      ...made,
      ...{ image_width: 32, image_height: 32, train_samples: 12, val_samples: 2, digits_min: 1, digits_max: 2 },
      ...{ dir: folder, worker_thread: false },
    },
    model: {
      generator: { ...generator, ...extra, filters: 2, depth: 1 },
      discriminator: { ...model.discriminator, filters: 2, num_layers: 1, embedding_size: 2, lstm_units: 3 },
      recognizer,
    },
    training: { ...training, batch_size: 2, accumulate: 1, steps_per_epoch: 4, backend: 'wasm' },
    loss_config: { ...loss_config, use_perceptual_loss: false },
  };
}

describe('an experiment file of another project', () => {
  const files = readdirSync(configs).filter((file) => file.endsWith('.json'));

  test.each(files)('%s trains, scaled down, with the terms that it gives a weight', async (file) => {
    const { config } = loadExperiment({ path: join(configs, file) });
    const small = shrink(config);
    const figures = await figuresOfSteps(small, folder);
    const { loss_weights: weights, schedule } = config;
    const terms = {
      pixel_loss: weights.pixel_loss_weight,
      adv_loss: weights.adv_loss_weight,
      d_loss: weights.adv_loss_weight,
      rec_feat_loss: weights.rec_feat_loss_weight,
      ctc_loss: schedule.warmup_epochs >= 2 ? 0 : weights.ctc_loss_weight,
      contrastive_loss: weights.contrastive_loss_weight,
    };
    for (const losses of figures) {
      expect(Object.values(losses).every(Number.isFinite), JSON.stringify(losses)).toBe(true);
      for (const [term, weight] of Object.entries(terms)) expect(Object.hasOwn(losses, term)).toBe(weight > 0);
    }
    expect(figures[2]?.['g_loss']).not.toBe(figures[0]?.['g_loss']);
  });

  test.each(files)('%s says what it needs for its perceptual loss', async (file) => {
    const { config } = loadExperiment({ path: join(configs, file) });
    const { use_perceptual_loss, perceptual_weights } = config.loss_config;
    if (!use_perceptual_loss || config.loss_weights.perceptual_loss_weight === 0) return;
    expect(perceptual_weights).toBe(undefined);
    const asked = { ...shrink(config), loss_config: config.loss_config };
    await expect(figuresOfSteps(asked, folder)).rejects.toThrow(/weights of VGG-19 are not given/);
  });
});
