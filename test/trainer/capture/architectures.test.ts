import { type Tensor, tidy, type Variable } from '@tensorflow/tfjs-core';
import { afterEach, describe, expect, test } from 'vitest';
import { captureStep, type StepRunner } from '../../../src/trainer/capture/index.js';
import { describeGanStep, type GanBatch, type GanMetrics } from '../../../src/trainer/models/index.js';
import { batchOf, buildGan, changedPaths, smallExperiment, snapshot } from '../models/support.js';
import { useTensorflow } from '../native.js';

const native = await useTensorflow();
const opened: StepRunner<GanBatch>[] = [];

afterEach(() => {
  for (const runner of opened.splice(0)) runner.dispose();
});

type Gan = ReturnType<typeof buildGan>;

function build(generator: string, discriminator: string): Gan {
  const { model } = smallExperiment();
  const ofText = { ...model.discriminator, num_layers: 1, architecture: discriminator, mode: 'predicted' };
  return buildGan(
    smallExperiment({ model: { generator: { filters: 2, depth: 1, architecture: generator }, discriminator: ofText } }),
  );
}

function capture({ parts }: Gan): { readonly runner: StepRunner<GanBatch>; readonly log: string[] } {
  const log: string[] = [];
  const runner = captureStep(describeGanStep(parts), (line) => log.push(line));
  opened.push(runner);
  return { runner, log };
}

async function takeSteps(run: StepRunner<GanBatch>['run'], from: number, to: number): Promise<GanMetrics[]> {
  const figures: GanMetrics[] = [];
  for (let index = from; index < to; index++) {
    const batch = batchOf(index % 3, { stepIndex: index, lrG: 1e-4, lrD: 1e-4 });
    figures.push((await run(batch)) as GanMetrics);
    batch.degraded.dispose();
    batch.clean.dispose();
  }
  return figures;
}

/** Large graphs take a while to record. */
const timeoutMs = 240_000;

describe.skipIf(!native)('a captured step', () => {
  test(
    'of enhanced against enhanced_v2 agrees with the eager one',
    async () => {
      const [eager, gan] = [build('enhanced', 'enhanced_v2'), build('enhanced', 'enhanced_v2')];
      const { runner, log } = capture(gan);
      expectSame(await takeSteps(runner.run, 0, 4), await takeSteps(eager.step, 0, 4));
      expect(log).toEqual([]);
    },
    timeoutMs,
  );

  test(
    'of enhanced_v2 against base goes on in the same bits after a restore',
    async () => {
      const [gan, resumed] = [build('enhanced_v2', 'base'), build('enhanced_v2', 'base')];
      const { runner, log } = capture(gan);
      await takeSteps(runner.run, 0, 3);
      expect(log).toEqual([]);
      runner.settle();
      for (const [path, target] of resumed.state)
        tidy(() => target.assign((gan.state.get(path) as Tensor).clone() as Variable));
      resumed.parts.optimizerG.iterations.set(3);
      resumed.parts.optimizerD.iterations.set(3);
      const anew = capture(resumed).runner;
      expect(await takeSteps(anew.run, 3, 5)).toEqual(await takeSteps(runner.run, 3, 5));
      for (const each of [anew, runner]) each.settle();
      expect(changedPaths(snapshot(gan.state), snapshot(resumed.state))).toEqual([]);
    },
    timeoutMs,
  );
});

function expectSame(actual: readonly GanMetrics[], expected: readonly GanMetrics[]): void {
  for (const [step, figures] of expected.entries())
    for (const [name, value] of Object.entries(figures)) {
      const error = Math.abs((actual[step]?.[name] ?? Number.NaN) - value) / Math.max(1, Math.abs(value));
      expect(error, `${name} of step ${step + 1}`).toBeLessThan(1e-4);
    }
}
