import { setBackend } from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { beforeAll, describe, expect, test } from 'vitest';
import type { StepRange, TrainSet } from '../../../src/trainer/data/index.js';
import { createBatchReader } from '../../../src/trainer/loop/batch-reader.js';

/** Lines of one pixel whose value is the epoch and the step; `begun` are the ranges that were read, as epoch.step. */
function countingSet() {
  const begun: string[] = [];
  const readSteps: TrainSet['readSteps'] = async function* ({ epoch, firstStep, stepsPerEpoch }: StepRange) {
    begun.push(`${epoch}.${firstStep}`);
    for (let step = firstStep; step < stepsPerEpoch; step++) {
      const value = Float32Array.of(epoch * 10 + step);
      yield { size: 1, degraded: value, clean: value.slice(), labels: [Int32Array.of(0)] } as never;
    }
  };
  const dataset = { size: 1, width: 1, height: 1, read: async () => [] as never, readSteps } as unknown as TrainSet;
  return { dataset, begun };
}

describe('the batches of a training', () => {
  beforeAll(async () => {
    await setBackend('cpu');
  });

  function open(epochs: number) {
    const { dataset, begun } = countingSet();
    const reader = createBatchReader({ dataset, epochs, stepsPerEpoch: 3, batchSize: 1 });
    const read = (epoch: number, step: number) =>
      reader.withBatch(epoch, step, async ({ degraded }) => degraded.dataSync()[0]);
    return { reader, read, begun };
  }

  test('go on from epoch to epoch, the next of which is being read before it is asked for', async () => {
    const { reader, read, begun } = open(2);
    for (const step of [0, 1, 2]) expect(await read(1, step)).toBe(10 + step);
    await new Promise((resolve) => setImmediate(resolve));
    expect(begun).toEqual(['1.0', '2.0']);
    for (const step of [0, 1, 2]) expect(await read(2, step)).toBe(20 + step);
    await new Promise((resolve) => setImmediate(resolve));
    expect(begun).toEqual(['1.0', '2.0']);
    await reader.close();
  });

  test('are those asked for after steps that are left out, after a step back, and beyond the last epoch', async () => {
    const { reader, read } = open(2);
    for (const [epoch, step] of [
      [1, 1],
      [2, 1],
      [1, 2],
      [1, 2],
      [2, 2],
      [3, 0],
      [3, 1],
      [5, 0],
    ] as const)
      expect(await read(epoch, step)).toBe(epoch * 10 + step);
    await reader.close();
  });
});
