import type { Variable } from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { captureStep } from '../../src/trainer/capture/index.js';
import { describeGanStep, type GanBatch } from '../../src/trainer/models/index.js';
import { batchOf, buildGan, size, smallExperiment } from '../trainer/models/support.js';
import { useWebgpu } from '../trainer/webgpu.js';

const webgpu = await useWebgpu();
const imageSize = { ...size, height: 8 };
const networks = {
  generator: { filters: 4, depth: 1 },
  discriminator: { filters: 4, num_layers: 1, embedding_size: 2, lstm_units: 3 },
};

/** Rates, weights and labels that differ from step to step; CTC comes in the fourth. */
function scheduledBatch(index: number): GanBatch {
  const longest = [Int32Array.of(3), Int32Array.of(1, 5, 2)];
  return batchOf(
    index,
    {
      labels: index % 2 === 0 ? longest : longest.toReversed(),
      weights: { pixel: 200, adv: 1 + index / 50, recFeat: 5, ctc: index < 3 ? 0 : 1, perceptual: 0, contrastive: 0.1 },
      lrG: 1e-3 / (1 + index),
      lrD: 1e-3 / (1 + index),
    },
    imageSize,
  );
}

async function takeSteps(run: (batch: GanBatch) => Promise<object>, steps: number): Promise<object[]> {
  const figures: object[] = [];
  for (let index = 0; index < steps; index++) {
    const batch = scheduledBatch(index);
    figures.push(await run(batch));
    batch.degraded.dispose();
    batch.clean.dispose();
  }
  return figures;
}

async function valuesOf(state: ReadonlyMap<string, Variable>): Promise<Record<string, number[]>> {
  const values: Record<string, number[]> = {};
  for (const [path, variable] of state) values[path] = Array.from(await variable.data());
  return values;
}

describe.skipIf(!webgpu)('a whole GAN step, recorded on WebGPU', () => {
  test.for([
    ['ground_truth', 1],
    ['predicted', 2],
  ] as const)('has the bits of the eager one: text %s, %d micro-batches', async ([mode, accumulate]) => {
    const build = () => {
      const model = { ...networks, discriminator: { ...networks.discriminator, mode } };
      return buildGan(smallExperiment({ model, training: { accumulate } }), imageSize);
    };
    const [eager, captured] = [build(), build()];
    const log: string[] = [];
    const runner = captureStep(describeGanStep(captured.parts), (line) => log.push(line));
    expect(await takeSteps(runner.run, 7)).toEqual(await takeSteps(eager.step, 7));
    expect(await valuesOf(captured.state)).toEqual(await valuesOf(eager.state));
    expect(log).toEqual([]);
    runner.dispose();
  });
});
