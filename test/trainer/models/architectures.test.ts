import { memory, tidy } from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { differentiateGenerator } from '../../../src/trainer/models/generator-loss.js';
import { createGenerator } from '../../../src/trainer/models/index.js';
import { inference } from '../../../src/trainer/nn/index.js';
import { useBackend } from '../numeric.js';
import {
  batchOf,
  buildGan,
  changedPaths,
  discriminatorLoss,
  generatorLoss,
  size,
  slopes,
  smallExperiment,
  snapshot,
} from './support.js';

const pass = { training: true, seed: 5, step: 3 };

function experimentOf(generator: string, discriminator: string, changes: Record<string, unknown> = {}) {
  const { model } = smallExperiment();
  return smallExperiment({
    model: {
      generator: { ...model.generator, architecture: generator },
      discriminator: { ...model.discriminator, architecture: discriminator },
    },
    ...changes,
  });
}

describe.each([
  ['wasm', ['enhanced', 'enhanced_v2']],
  ['device', ['enhanced_v2']],
] as const)('networks on %s', (backend, generators) => {
  useBackend(backend);

  test.each(generators)(
    'generator %s: its gradient is its change along a random direction of the weights',
    (architecture) => {
      const { parts } = buildGan(experimentOf(architecture, 'base'));
      const none = { perceptual: 0, contrastive: 0, recFeat: 0, ctc: 0, adv: 0 };
      const batch = batchOf(0, { weights: { ...none, pixel: 20 } });
      const config = { ...parts.config, loss_config: { ...parts.config.loss_config, pixel_loss_type: 'mse' as const } };
      const found = slopes(parts.generator.trainable, () => generatorLoss({ ...parts, config }, batch, pass), 3e-4);
      expect(Math.abs(found.analytic / found.numeric - 1)).toBeLessThan(0.02);
    },
  );

  test('discriminator enhanced_v2: its gradient is its change along a random direction of the weights', () => {
    const { parts } = buildGan(experimentOf('base', 'enhanced_v2'));
    const batch = batchOf();
    const { extra } = differentiateGenerator(parts, batch, pass);
    const found = slopes(parts.discriminator.trainable, () => discriminatorLoss(parts, batch, pass, extra), 3e-4);
    expect(Math.abs(found.analytic / found.numeric - 1)).toBeLessThan(0.02);
  });
});

describe('a step', () => {
  useBackend('wasm');

  test.each([
    ['enhanced', 'enhanced_v2'],
    ['enhanced_v2', 'enhanced_v2'],
  ])('of %s against %s changes every variable, the same way each time, and leaves no tensors', async (g, d) => {
    const config = experimentOf(g, d, { loss_config: { gradient_penalty_weight: 2 } });
    const results = [];
    for (let repeat = 0; repeat < 2; repeat++) {
      const gan = buildGan(config);
      const before = snapshot(gan.state);
      const batches = [batchOf(0), batchOf(1)];
      const tensors = memory().numTensors;
      for (const batch of batches) expect((await gan.step(batch))['gradient_penalty']).toBeGreaterThan(0);
      expect(memory().numTensors).toBe(tensors);
      const after = snapshot(gan.state);
      // Every slot moves; a weight may stay where it is when its step is below its last digit.
      const isMoved = (path: string) => /SLOT|moving/.test(path);
      const [changed, all] = [changedPaths(before, after), [...before.keys()]];
      expect(changed.filter(isMoved)).toEqual(all.filter(isMoved));
      expect(changed.length).toBeGreaterThan(0.97 * all.length);
      results.push(after);
    }
    expect(changedPaths(results[0] as Map<string, Float32Array>, results[1] as Map<string, Float32Array>)).toEqual([]);
  });
});

describe('the enhanced generators', () => {
  useBackend('wasm');
  const create = (changes: Record<string, unknown>, images = size) =>
    createGenerator(experimentOf('base', 'base', { model: { generator: changes } }).model.generator, images);

  test.each(['enhanced', 'enhanced_v2'])('%s begins with the degraded image', (architecture) => {
    const generator = create({ architecture, filters: 4, depth: 2 });
    const { degraded } = batchOf();
    const restored = tidy(() => generator.apply(degraded, inference).dataSync().slice());
    const given = degraded.dataSync();
    const same = restored.filter((value, i) => value > 0.5 === (given[i] as number) > 0.5);
    expect(same.length / restored.length).toBeGreaterThan(0.85);
  });

  test('further residual blocks are at the bottom; too few, and images that cannot be halved, are refused', () => {
    const blocks = { architecture: 'enhanced', filters: 4, depth: 2 };
    const paths = [...create({ ...blocks, num_residual_blocks: 7 }).variables.keys()];
    expect(new Set(paths.flatMap((path) => path.match(/bottom\d/) ?? []))).toEqual(new Set(['bottom0', 'bottom1']));
    expect(() => create({ ...blocks, num_residual_blocks: 4 })).toThrow(/4 residual blocks.*at least 5/s);
    expect(() => create({ architecture: 'enhanced_v2', filters: 4 })).toThrow(/cannot be halved 5 times/);
  });
});
