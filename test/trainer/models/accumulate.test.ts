import { concat, memory, sigmoid, type Tensor, type Tensor4D } from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { differentiateDiscriminator } from '../../../src/trainer/models/discriminator-loss.js';
import { differentiateGenerator } from '../../../src/trainer/models/generator-loss.js';
import { createGanStep, type GanBatch, type Generator } from '../../../src/trainer/models/index.js';
import { createMean, microBatches } from '../../../src/trainer/models/micro-batches.js';
import { textLength, toTextTensor } from '../../../src/trainer/models/text.js';
import { conv2d } from '../../../src/trainer/nn/conv2d.js';
import { buildModule } from '../../../src/trainer/nn/module.js';
import type { Gradients } from '../../../src/trainer/nn/optimizers/optimizer.js';
import { backends, expectClose, useBackend } from '../numeric.js';
import { batchOf, buildGan, changedPaths, smallExperiment, snapshot } from './support.js';

const pass = { training: true, seed: 5, step: 3 };
const config = smallExperiment({ loss_config: { gradient_penalty_weight: 3 } });

/** Four lines whose labels have different lengths. */
function fourLines(): GanBatch {
  const [one, two] = [batchOf(0), batchOf(1)];
  return {
    ...one,
    degraded: concat([one.degraded, two.degraded], 0),
    clean: concat([one.clean, two.clean], 0),
    labels: [[3, 1, 4], [1, 5], [9, 2, 6, 5, 3, 5, 8, 9, 7], [2]].map((label) => Int32Array.from(label)),
  };
}

/** A generator without batch norm, in which every line would see the others. */
function plainGenerator(): Generator {
  const { root, variables, trainable } = buildModule('generator', 3);
  const convolve = conv2d(root, { inputs: 1, filters: 1, size: 3, bias: true });
  return { variables, trainable, apply: (x: Tensor4D) => sigmoid(convolve(x)) };
}

function expectSame(actual: Gradients, expected: Gradients): void {
  expect([...actual.keys()]).toEqual([...expected.keys()]);
  for (const [path, gradient] of actual)
    expectClose(gradient.dataSync(), expected.get(path)?.dataSync() ?? [], 2e-4, path);
}

describe.each(backends)('gradient accumulation on %s', (backend) => {
  useBackend(backend);

  test.each([2, 4])('%d micro-batches give both networks the gradients of the whole batch', (count) => {
    const parts = { ...buildGan(config).parts, generator: plainGenerator() };
    const batch = fourLines();
    const [meanG, meanD] = [createMean<Tensor>(count), createMean<Tensor>(count)];
    for (const part of microBatches(batch, count, pass)) {
      meanG.take(differentiateGenerator(parts, part.batch, part.pass).gradients);
      meanD.take(judge(part.batch, part.pass).gradients);
    }
    expectSame(meanG.values(), differentiateGenerator(parts, batch, pass).gradients);
    expectSame(meanD.values(), judge(batch, pass).gradients);

    function judge(lines: GanBatch, over: typeof pass) {
      const text = toTextTensor(lines.labels, textLength(lines));
      return differentiateDiscriminator(parts, lines, over, lines.degraded, text);
    }
  });

  test('a step on micro-batches changes both networks, has the figures of the whole batch, and leaves no tensors', async () => {
    const accumulating = { ...config, training: { ...config.training, accumulate: 2 } };
    const { parts, state } = buildGan(accumulating);
    const batch = fourLines();
    const before = snapshot(state);
    const tensors = memory().numTensors;
    const metrics = await createGanStep(parts)(batch);
    expect(memory().numTensors).toBe(tensors);
    const statistics = [...state.keys()].filter((path) => !/embedding/.test(path));
    expect(changedPaths(before, snapshot(state)).length).toBeGreaterThanOrEqual(statistics.length);
    const whole = await buildGan(config).step(batch);
    expect(Object.keys(metrics)).toEqual(Object.keys(whole));
    expect(metrics['gradient_penalty']).toBeGreaterThan(0);
    expect(parts.optimizerG.iterations.get()).toBe(1);
  });

  test('lines that cannot be parted equally are refused', () => {
    expect(() => [...microBatches(fourLines(), 3, pass)]).toThrow('4 lines in 3 parts');
  });
});
