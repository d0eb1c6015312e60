import type { Scalar, Variable } from '@tensorflow/tfjs-core';
import { fill, keep, memory, mul, scalar, sub, sum, tensor, tensor1d, tidy, variable } from '@tensorflow/tfjs-core';
import { describe, expect, test, vi } from 'vitest';
import { nativeBackend } from '../../../src/trainer/backends/tensorflow-ops.js';
import type { StepProgram, StepRunner } from '../../../src/trainer/capture/index.js';
import { describeGanStep, type GanBatch } from '../../../src/trainer/models/index.js';
import { stepScalar, stepTensor } from '../../../src/trainer/nn/step-input.js';
import { batchOf, buildGan as buildGanOf, changedPaths, size, smallExperiment, snapshot } from '../models/support.js';
import { useTensorflow } from '../native.js';
import { capture, disposeAfterEach } from './support.js';

// Eager steps take long where other tests compute at the same time.
vi.setConfig({ testTimeout: 240_000 });

const native = await useTensorflow();

/** Networks of few operations, for lines just long enough for their texts: eager steps take as long as they have operations. */
const imageSize = { ...size, height: 8 };
const model = {
  generator: { filters: 2, depth: 1 },
  discriminator: { filters: 2, num_layers: 1, embedding_size: 2, lstm_units: 3, mode: 'ground_truth' },
};
const buildGan = (changes: object = {}) => buildGanOf(smallExperiment({ model, ...changes }), imageSize);

type Gan = ReturnType<typeof buildGan>;

disposeAfterEach();

/** Rates and weights that differ from step to step, and terms that come and go. */
function scheduledBatch(index: number): GanBatch {
  const ctc = Math.min(1, Math.max(0, (index - 3) / 10));
  const changes = {
    stepIndex: index,
    weights: { pixel: 200, adv: 1 + index / 50, recFeat: 5, ctc, perceptual: 0, contrastive: 0.1 },
    lrG: 1e-4 / (1 + index),
    lrD: 1e-4 / (1 + index),
  };
  return batchOf(index % 4, changes, imageSize);
}

async function takeSteps(run: (batch: GanBatch) => Promise<object>, from: number, to: number) {
  const figures: Record<string, number>[] = [];
  for (let index = from; index < to; index++) {
    const batch = scheduledBatch(index);
    figures.push((await run(batch)) as Record<string, number>);
    batch.degraded.dispose();
    batch.clean.dispose();
  }
  return figures;
}

function restore({ state, parts }: Gan, values: Map<string, Float32Array>, iterations: number): void {
  for (const [path, target] of state)
    tidy(() => target.assign(tensor(values.get(path) as Float32Array, target.shape) as Variable));
  parts.optimizerG.iterations.set(iterations);
  parts.optimizerD.iterations.set(iterations);
}

/** The largest difference of figures, relative to the larger of 1 and the figure. */
function largestError(actual: Record<string, number>[], expected: Record<string, number>[]): number {
  return Math.max(
    ...expected.flatMap((figures, index) =>
      Object.entries(figures).map(
        ([name, value]) => Math.abs((actual[index]?.[name] ?? Number.NaN) - value) / Math.max(1, Math.abs(value)),
      ),
    ),
  );
}

describe.skipIf(!native)('a captured step of the GAN', () => {
  test.each([
    ['ground_truth', 1, 50],
    ['predicted', 2, 7],
  ] as const)('agrees with the eager one: text %s, %d micro-batches, %d steps', async (mode, accumulate, steps) => {
    const changes = { model: { ...model, discriminator: { ...model.discriminator, mode } }, training: { accumulate } };
    const [eager, gan] = [buildGan(changes), buildGan(changes)];
    const { runner, log } = capture(describeGanStep(gan.parts));
    const expected = await takeSteps(eager.step, 0, steps);
    expect(largestError(await takeSteps(runner.run, 0, steps), expected)).toBeLessThan(1e-5);
    expect(log).toEqual([]);
    expect(gan.parts.optimizerG.iterations.get()).toBe(steps);
  });

  test('killed and resumed anywhere ends in the bits of an unbroken run', async () => {
    const unbroken = buildGan();
    const whole = capture(describeGanStep(unbroken.parts)).runner;
    const figures = await takeSteps(whole.run, 0, 7);
    whole.settle();
    for (const at of [1, 5]) {
      const first = buildGan();
      const before = capture(describeGanStep(first.parts)).runner;
      await takeSteps(before.run, 0, at);
      before.settle();
      const second = buildGan();
      restore(second, snapshot(first.state), at);
      const after = capture(describeGanStep(second.parts)).runner;
      expect(await takeSteps(after.run, at, 7)).toEqual(figures.slice(at));
      after.settle();
      expect(changedPaths(snapshot(unbroken.state), snapshot(second.state))).toEqual([]);
    }
  });

  test('goes on from values that are restored under way', async () => {
    const gan = buildGan();
    const { runner } = capture(describeGanStep(gan.parts));
    await takeSteps(runner.run, 0, 3);
    runner.settle();
    const start = snapshot(gan.state);
    const once = await takeSteps(runner.run, 3, 6);
    restore(gan, start, 3);
    expect(await takeSteps(runner.run, 3, 6)).toEqual(once);
  });

  test('leaves no tensors, bytes or handles behind', async () => {
    const gan = buildGan();
    const { runner } = capture(describeGanStep(gan.parts));
    const held = async (from: number, to: number) => {
      await takeSteps(runner.run, from, to);
      runner.settle();
      const { numTensors, numDataBuffers, numBytes } = memory();
      return { numTensors, numDataBuffers, numBytes, handles: nativeBackend().binding.getNumOfTensors() };
    };
    // Every term is there: one that comes later brings a graph of its own.
    const before = await held(4, 7);
    expect(await held(7, 13)).toEqual(before);
  });
});

interface Counted {
  readonly x: ReturnType<typeof tensor1d>;
  readonly rate: number;
}

/** weight ← weight − rate · x, by a `compute` that may do it wrongly. */
function smallProgram(compute: (batch: Counted, weight: Variable) => Scalar) {
  const weight = variable(tensor1d([1, 2, 3]));
  const program: StepProgram<Counted> = {
    compute: (batch) => ({ loss: keep(compute(batch, weight)) }),
    structureOf: ({ x }) => JSON.stringify(x.shape),
  };
  return { weight, ...capture(program) };
}

const batches = [1, 2, 3, 4].map((rate) => ({ x: () => tensor1d([rate, 1, 0]), rate }));

async function runAll(runner: StepRunner<Counted>): Promise<number[]> {
  const losses: number[] = [];
  for (const { x, rate } of batches) {
    const batch = { x: x(), rate };
    losses.push((await runner.run(batch))['loss'] as number);
    batch.x.dispose();
  }
  runner.settle();
  return losses;
}

describe.skipIf(!native)('a captured step', () => {
  const update = (weight: Variable, change: ReturnType<typeof mul>) =>
    tidy(() => {
      weight.assign(sub(weight, change) as Variable);
      return sum<Scalar>(weight);
    });

  test('reads what is new in each step', async () => {
    const { weight, runner, log } = smallProgram((batch, weight) =>
      update(
        weight,
        mul(
          stepTensor(() => batch.x),
          stepScalar(() => batch.rate),
        ),
      ),
    );
    expect(await runAll(runner)).toEqual([4, -2, -14, -34]);
    expect([...weight.dataSync()]).toEqual([-29, -8, 3]);
    expect(log).toEqual([]);
  });

  test('that has a number for a constant is found out, and runs right', async () => {
    const { weight, runner, log } = smallProgram((batch, weight) =>
      update(
        weight,
        mul(
          stepTensor(() => batch.x),
          batch.rate,
        ),
      ),
    );
    expect(await runAll(runner)).toEqual([4, -2, -14, -34]);
    expect([...weight.dataSync()]).toEqual([-29, -8, 3]);
    expect(log.join()).toMatch(/operation by operation: loss is .* in a replay and -2 in the step itself/);
  });

  test('that reads what it computes runs operation by operation', async () => {
    const { weight, runner, log } = smallProgram((batch, weight) =>
      update(
        weight,
        mul(
          stepTensor(() => batch.x),
          scalar(mul(batch.rate, 1).dataSync()[0] as number),
        ),
      ),
    );
    expect(await runAll(runner)).toEqual([4, -2, -14, -34]);
    expect([...weight.dataSync()]).toEqual([-29, -8, 3]);
    expect(log.join()).toMatch('the step reads a tensor that it has computed');
  });

  test('that exhausts the memory fails, and says so in TensorFlow’s words', async () => {
    const { runner, log } = smallProgram((batch, weight) =>
      // More than there is address space for.
      tidy(() => sum<Scalar>(mul(sum(weight), fill([4e7, 4e6], batch.rate)))),
    );
    await expect(runAll(runner)).rejects.toThrow(/OOM when allocating tensor .* by allocator/);
    expect(log).toEqual([]);
  });

  test('takes large weights that are no variables along, once', async () => {
    const table = tensor(new Float32Array(300 * 300).fill(1 / 90_000), [300, 300]);
    const { weight, runner, log } = smallProgram((batch, weight) =>
      update(
        weight,
        mul(
          stepTensor(() => batch.x),
          mul(
            sum(table),
            stepScalar(() => batch.rate),
          ),
        ),
      ),
    );
    expect((await runAll(runner)).map(Math.round)).toEqual([4, -2, -14, -34]);
    expect([...weight.dataSync()].map(Math.round)).toEqual([-29, -8, 3]);
    expect(log).toEqual([]);
  });
});
