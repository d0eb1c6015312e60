import { describe, expect, test } from 'vitest';
import { type Experiment, experimentSchema } from '../../../src/config/schema.js';
import { createDiscriminator, createGenerator, createTransformer } from '../../../src/trainer/models/index.js';
import { countParameters, planModule } from '../../../src/trainer/nn/index.js';

const size = { width: 1024, height: 128, seed: 1 };
const characters = 108;

function modelConfig(model: Record<string, unknown>): Experiment['model'] {
  return experimentSchema.parse({ experiment_name: 'test', epochs: 1, model }).model;
}

describe('parameters at the size of the reference, in millions', () => {
  test.each([
    ['base', 30],
    ['enhanced', 21.8],
    ['enhanced_v2', 18.8],
  ])('generator %s: %d', (architecture, millions) => {
    const { generator } = modelConfig({ generator: { architecture } });
    const count = countParameters(planModule(() => createGenerator(generator, size)));
    expect(Math.abs(count / (1e6 * millions) - 1)).toBeLessThan(0.02);
  });

  test.each([
    ['base', 137],
    ['enhanced_v2', 18],
  ])('discriminator %s: %d', (architecture, millions) => {
    const { discriminator } = modelConfig({ discriminator: { architecture } });
    const count = countParameters(planModule(() => createDiscriminator(discriminator, { ...size, characters })));
    expect(Math.abs(count / (1e6 * millions) - 1)).toBeLessThan(0.02);
  });

  test.each([
    ['by default', {}, 50],
    ['of the size that imported weights of the reference have', { dimension: 512, heads: 8, feed_forward: 2048 }, 27.9],
  ])('recognizer transformer %s', (_, changes, millions) => {
    const { recognizer } = modelConfig({ recognizer: changes });
    const { dimension, heads, feed_forward: feedForward, layers, filters, dropout } = recognizer;
    const sizes = { dimension, heads, headSize: dimension / heads, feedForward, layers, filters, dropout };
    const plan = planModule(() => createTransformer({ ...size, ...sizes, classes: characters + 1, input: '0..1' }));
    expect(Math.abs(countParameters(plan) / (1e6 * millions) - 1)).toBeLessThan(0.02);
  });
});
