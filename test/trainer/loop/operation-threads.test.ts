import { describe, expect, test } from 'vitest';
import { experimentSchema } from '../../../src/config/schema.js';
import { operationThreads } from '../../../src/trainer/loop/operation-threads.js';

/** The quickstart's size, but for what is given. */
function threadsOf(changes: { filters?: number; width?: number; batch?: number; more?: object } = {}, processors = 16) {
  const { filters = 8, width = 128, batch = 4, more = {} } = changes;
  const config = experimentSchema.parse({
    experiment_name: 'threads',
    epochs: 1,
    model: { generator: { filters }, discriminator: { filters } },
    training: { batch_size: batch },
    data: { image_width: width, image_height: width / 4 },
    ...more,
  });
  return operationThreads(config, processors);
}

describe('threads of an operation', () => {
  test('are one for small networks on small images, whatever the machine', () => {
    for (const processors of [1, 2, 64]) expect(threadsOf({}, processors)).toBe(1);
    expect(threadsOf({ filters: 16 })).toBe(1);
    expect(threadsOf({ width: 256 })).toBe(1);
  });

  test('grow with channels, pixels and lines, up to the processors', () => {
    expect(threadsOf({ filters: 16, width: 256 })).toBe(4);
    expect(threadsOf({ filters: 16, width: 256 }, 2)).toBe(2);
    expect(threadsOf({ batch: 32 })).toBe(2);
    expect(threadsOf({ filters: 32, width: 512 })).toBe(16);
  });

  test('are as many as the largest of the networks can use', () => {
    const base = { generator: { filters: 8 }, discriminator: { filters: 8 } };
    expect(threadsOf({ more: { model: { ...base, discriminator: { filters: 64 } } } })).toBe(16);
    expect(threadsOf({ more: { model: { ...base, recognizer: { architecture: 'transformer' } } } })).toBe(16);
    expect(threadsOf({ more: { model: { ...base, recognizer: { weights: 'reader.weights.h5' } } } })).toBe(16);
    const vgg = { loss_weights: { perceptual_loss_weight: 1 }, loss_config: { perceptual_weights: 'vgg19.h5' } };
    expect(threadsOf({ more: vgg })).toBe(16);
    expect(threadsOf({ more: { ...vgg, loss_config: { use_perceptual_loss: false } } })).toBe(1);
  });
});
