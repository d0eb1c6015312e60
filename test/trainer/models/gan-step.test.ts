import type { Variable } from '@tensorflow/tfjs-core';
import { fill, memory, tensor, tidy } from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { differentiateGenerator } from '../../../src/trainer/models/generator-loss.js';
import type { GanMetrics } from '../../../src/trainer/models/index.js';
import { backends, useBackend } from '../numeric.js';
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

const none = { perceptual: 0, contrastive: 0 };

type Gan = ReturnType<typeof buildGan>;

async function takeSteps({ step }: Gan, from: number, count: number): Promise<GanMetrics[]> {
  const metrics: GanMetrics[] = [];
  for (let index = from; index < from + count; index++) {
    const batch = batchOf(index);
    metrics.push(await step(batch));
    batch.degraded.dispose();
    batch.clean.dispose();
  }
  return metrics;
}

function restoreState({ state, parts }: Gan, values: Map<string, Float32Array>, iterations: number): void {
  for (const [path, variable] of state) {
    tidy(() => variable.assign(tensor(values.get(path) as Float32Array, variable.shape) as Variable));
  }
  parts.optimizerG.iterations.set(iterations);
  parts.optimizerD.iterations.set(iterations);
}

describe.each(backends)('a step of the GAN on %s', (backend) => {
  useBackend(backend);

  test('repeated from the same state gives the same bits, and so do networks built anew', async () => {
    const gan = buildGan();
    await takeSteps(gan, 0, 1);
    const start = snapshot(gan.state);
    const once = [await takeSteps(gan, 1, 1), snapshot(gan.state)] as const;
    restoreState(gan, start, 1);
    const again = [await takeSteps(gan, 1, 1), snapshot(gan.state)] as const;
    expect(changedPaths(start, once[1]).length).toBe(start.size);
    expect(again[0]).toEqual(once[0]);
    expect(changedPaths(once[1], again[1])).toEqual([]);
    const anew = buildGan();
    expect((await takeSteps(anew, 0, 2)).slice(1)).toEqual(once[0]);
    expect(changedPaths(once[1], snapshot(anew.state))).toEqual([]);
  });

  test('leaves no tensors and no bytes behind', async () => {
    const gan = buildGan();
    await takeSteps(gan, 0, 1);
    const before = memory();
    await takeSteps(gan, 1, 2);
    const after = memory();
    expect(after.numTensors).toBe(before.numTensors);
    expect(after.numDataBuffers).toBe(before.numDataBuffers);
    expect(after.numBytes).toBe(before.numBytes);
  });
});

describe('a step of the GAN', () => {
  useBackend('wasm');

  test('changes both networks, and not the frozen recognizer', async () => {
    const gan = buildGan();
    const batch = batchOf();
    const { reader, parts, state } = gan;
    const [before, weights] = [snapshot(state), snapshot(reader.variables)];
    const read = () => tidy(() => parts.recognizer.logits(parts.recognizer.features(batch.clean)).dataSync().slice());
    const logits = read();
    await takeSteps(gan, 0, 3);
    expect(changedPaths(weights, snapshot(reader.variables))).toEqual([]);
    expect(read()).toEqual(logits);
    expect(changedPaths(before, snapshot(state)).length).toBe(before.size);
  });

  test('reports the weighted sum of its terms, each without weight', async () => {
    const metrics = await buildGan().step(batchOf());
    const { g_loss, pixel_loss, adv_loss, rec_feat_loss, ctc_loss } = metrics as Record<string, number>;
    const sum = 200 * Number(pixel_loss) + 1.5 * Number(adv_loss) + 5 * Number(rec_feat_loss) + Number(ctc_loss);
    expect(g_loss).toBeCloseTo(sum, 3);
    expect(Object.keys(metrics).toSorted()).toEqual(
      [
        'adv_loss',
        'ctc_loss',
        'd_grad_norm',
        'd_loss',
        'g_loss',
        'grad_norm',
        'pixel_loss',
        'rec_feat_loss',
      ].toSorted(),
    );
  });

  test.each([
    ['adversarial', { pixel: 200, adv: 0, recFeat: 5, ctc: 1, ...none }, ['adv_loss', 'd_loss', 'd_grad_norm']],
    ['CTC', { pixel: 200, adv: 1.5, recFeat: 5, ctc: 0, ...none }, ['ctc_loss']],
    ['feature', { pixel: 200, adv: 1.5, recFeat: 0, ctc: 1, ...none }, ['rec_feat_loss']],
    [
      'every other',
      { pixel: 200, adv: 0, recFeat: 0, ctc: 0, ...none },
      ['adv_loss', 'rec_feat_loss', 'ctc_loss', 'd_loss'],
    ],
  ])('does not compute the %s term when its weight is 0', async (_, weights, absent) => {
    const { step, parts } = buildGan();
    const before = snapshot(parts.discriminator.variables);
    const tensors = memory().numTensors;
    const batch = batchOf(0, { weights });
    const metrics = await step(batch);
    for (const name of absent) expect(metrics).not.toHaveProperty(name);
    expect(metrics).toHaveProperty('pixel_loss');
    const changed = changedPaths(before, snapshot(parts.discriminator.variables));
    expect(changed.length).toBe(weights.adv === 0 ? 0 : before.size);
    expect(memory().numTensors - tensors).toBe(2);
  });

  test('clips each network by its own global norm', async () => {
    const [loose, tight] = [0, 0.01].map((gradient_clip_norm) =>
      buildGan(smallExperiment({ optimizer: { gradient_clip_norm, momentum_d: 0 } })),
    ) as [Gan, Gan];
    const moves = [];
    for (const { parts, step } of [loose, tight]) {
      const before = snapshot(parts.discriminator.trainable);
      const metrics = await step(batchOf());
      const after = snapshot(parts.discriminator.trainable);
      let squares = 0;
      for (const [path, values] of before)
        for (const [i, value] of values.entries()) squares += (value - (after.get(path)?.[i] as number)) ** 2;
      moves.push({ distance: Math.sqrt(squares) / 0.002, norm: metrics['d_grad_norm'] as number });
    }
    expect(moves[0]?.distance).toBeCloseTo(moves[0]?.norm as number, 2);
    expect(moves[1]?.norm).toBe(moves[0]?.norm);
    expect(moves[1]?.distance).toBeCloseTo(0.01, 3);
  });

  test('with the text that the recognizer reads, too', async () => {
    const config = smallExperiment();
    const predicted = buildGan({
      ...config,
      model: { ...config.model, discriminator: { ...config.model.discriminator, mode: 'predicted' } },
    });
    const tensors = memory().numTensors;
    const batch = batchOf();
    const metrics = await predicted.step(batch);
    expect(metrics['d_loss']).toBeGreaterThan(0);
    expect(memory().numTensors - tensors).toBe(2);
  });

  test('the gradients of both networks agree with numeric ones along a random direction', () => {
    const { parts } = buildGan();
    const batch = batchOf(0, { weights: { pixel: 2, adv: 1.5, recFeat: 5, ctc: 1, ...none } });
    const pass = { training: true, seed: 5, step: 0 };
    const forG = slopes(parts.generator.trainable, () => generatorLoss(parts, batch, pass));
    expect(Math.abs(forG.analytic / forG.numeric - 1)).toBeLessThan(0.02);
    const { extra } = differentiateGenerator(parts, batch, pass);
    const forD = slopes(parts.discriminator.trainable, () => discriminatorLoss(parts, batch, pass, extra));
    expect(Math.abs(forD.analytic / forD.numeric - 1)).toBeLessThan(0.02);
  });

  test('many steps on one batch lower the pixel loss', async () => {
    const { step } = buildGan();
    const losses: number[] = [];
    const batch = batchOf(0, { clean: fill([2, size.height, size.width, 1], 0.9) });
    for (let index = 0; index < 30; index++)
      losses.push((await step({ ...batch, stepIndex: index }))['pixel_loss'] ?? 0);
    expect(losses.at(-1)).toBeLessThan(0.8 * (losses[0] as number));
  });
});
