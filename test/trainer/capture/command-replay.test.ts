import type { Scalar, Tensor, Tensor4D, Variable } from '@tensorflow/tfjs-core';
import {
  clone,
  conv2d,
  dispose,
  keep,
  memory,
  mul,
  scalar,
  sub,
  sum,
  tensor,
  tidy,
  variable,
} from '@tensorflow/tfjs-core';
import { describe, expect, test, vi } from 'vitest';
import { webgpuInternals } from '../../../src/trainer/capture/commands/webgpu-internals.js';
import { runEagerly, type StepProgram, type StepRunner } from '../../../src/trainer/capture/index.js';
import { meanSquaredError } from '../../../src/trainer/losses/distances.js';
import { batchNorm } from '../../../src/trainer/nn/batch-norm.js';
import { dropout } from '../../../src/trainer/nn/dropout.js';
import { differentiate } from '../../../src/trainer/nn/gradients.js';
import { createAdam } from '../../../src/trainer/nn/index.js';
import { glorotUniform } from '../../../src/trainer/nn/initializers.js';
import { buildModule } from '../../../src/trainer/nn/module.js';
import { stepScalar, stepTensor } from '../../../src/trainer/nn/step-input.js';
import { randomValues } from '../numeric.js';
import { useWebgpu } from '../webgpu.js';
import { capture, disposeAfterEach } from './support.js';

vi.setConfig({ testTimeout: 240_000 });

const webgpu = await useWebgpu();

disposeAfterEach();

interface Counted {
  readonly x: Tensor4D;
  readonly step: number;
  readonly rate: number;
}

const shape: [number, number, number, number] = [2, 4, 6, 4];

function batchAt(step: number): Counted {
  const x = tensor(randomValues(192, 'x', String(step)), shape) as Tensor4D;
  return { x, step, rate: 0.1 / (1 + step) };
}

/** A network with a filter, batch norm and dropout, and Adam for it. */
function buildProgram() {
  const module = buildModule('net', 1);
  const kernel = module.root.weight('kernel', [3, 3, 4, 4], glorotUniform);
  const { apply: normalize } = batchNorm(module.root.scope('norm'), 4);
  const drop = dropout('net/drop', 0.5);
  const optimizer = createAdam('adam', module, { beta1: 0.5, beta2: 0.999 });
  const compute = (batch: Counted) => {
    const pass = {
      training: true,
      seed: 3,
      get step() {
        return batch.step;
      },
    };
    const { loss, gradients } = differentiate(module, () => {
      const x = stepTensor(() => batch.x);
      const seen = drop(normalize(conv2d(x, kernel as unknown as Tensor4D, 1, 'same'), pass), pass);
      return { loss: meanSquaredError(seen, x), extra: undefined };
    });
    optimizer.apply(gradients, () => batch.rate);
    dispose([...gradients.values()]);
    return { loss };
  };
  const program: StepProgram<Counted> = { compute, structureOf: ({ x }) => JSON.stringify(x.shape) };
  const state = [...module.variables.values(), ...optimizer.slots().values()];
  return { program, state, optimizer };
}

async function takeSteps(runner: StepRunner<Counted>, from: number, to: number): Promise<number[]> {
  const losses: number[] = [];
  for (let step = from; step < to; step++) {
    const batch = batchAt(step);
    losses.push((await runner.run(batch))['loss'] as number);
    batch.x.dispose();
  }
  return losses;
}

function read(state: readonly Tensor[]): Promise<number[][]> {
  return Promise.all(state.map(async (each) => Array.from(await each.data())));
}

describe.skipIf(!webgpu)('a step replayed as commands', () => {
  test('has the bits of one that runs operation by operation', async () => {
    const [plain, recorded] = [buildProgram(), buildProgram()];
    const { runner, log } = capture(recorded.program);
    const expected = await takeSteps(runEagerly(plain.program), 0, 7);
    expect(await takeSteps(runner, 0, 7)).toEqual(expected);
    expect(await read(recorded.state)).toEqual(await read(plain.state));
    expect(recorded.optimizer.iterations.get()).toBe(7);
    expect(log).toEqual([]);
  });

  test('leaves values that somebody kept alone, and goes on from those that are restored', async () => {
    const { program, state, optimizer } = buildProgram();
    const { runner } = capture(program);
    await takeSteps(runner, 0, 3);
    const kept = state.map((each) => keep(clone(each as Tensor)));
    const before = await read(kept);
    const once = await takeSteps(runner, 3, 6);
    expect(await read(kept)).toEqual(before);
    expect(await read(state)).not.toEqual(before);
    for (const [index, variable] of state.entries()) variable.assign(kept[index] as Variable);
    dispose(kept);
    optimizer.iterations.set(3);
    expect(await takeSteps(runner, 3, 6)).toEqual(once);
  });

  test('leaves no tensors, bytes or buffers behind', async () => {
    const { program } = buildProgram();
    const { runner } = capture(program);
    const held = async (from: number, to: number) => {
      await takeSteps(runner, from, to);
      const { numTensors, numDataBuffers, numBytes } = memory();
      return { numTensors, numDataBuffers, numBytes, card: webgpuInternals().bufferManager.numBytesAllocated };
    };
    const before = await held(0, 4);
    expect(await held(4, 12)).toEqual(before);
  });

  test('keeps variables apart that began with one tensor', async () => {
    const start = tensor([8, 4]);
    const [one, other] = [variable(start), variable(start)];
    const { runner } = capture<Counted>({
      structureOf: () => 'always',
      compute: () => ({
        loss: tidy(() => {
          one.assign(mul(one, 0.5) as Variable);
          other.assign(mul(other, 0.25) as Variable);
          return keep(sum<Scalar>(mul(one, other)));
        }),
      }),
    });
    const losses = await takeSteps(runner, 0, 4);
    expect(losses).toEqual([10, 1.25, 0.15625, 0.01953125]);
    expect(await read([start, one, other])).toEqual([
      [8, 4],
      [0.5, 0.25],
      [0.03125, 0.015625],
    ]);
  });

  test('refuses an input of another size', async () => {
    const { program, optimizer } = buildProgram();
    const { runner } = capture({ ...program, structureOf: () => 'always' });
    await takeSteps(runner, 0, 3);
    const batch = { ...batchAt(3), x: tensor(new Float32Array(96), [1, 4, 6, 4]) as Tensor4D };
    await expect(runner.run(batch)).rejects.toThrow('an input of 384 bytes [1,4,6,4] where the recorded step had 768');
    expect(optimizer.iterations.get()).toBe(3);
  });

  /** weight ← weight · (1 − rate), and its sum. */
  function shrink(rateOf: (batch: Counted) => Scalar) {
    const weight = buildProgram().state[0] as Variable;
    const program: StepProgram<Counted> = {
      structureOf: () => 'always',
      compute: (batch) => ({
        loss: tidy(() => {
          weight.assign(sub(weight, mul(weight, rateOf(batch))) as Variable);
          return keep(sum<Scalar>(weight));
        }),
      }),
    };
    return { weight, ...capture(program) };
  }

  test('that has a number for a constant is found out, and runs right', async () => {
    const { weight, runner, log } = shrink(({ rate }) => scalar(rate));
    const [start] = await read([weight]);
    const losses = await takeSteps(runner, 0, 3);
    const whole = (start as number[]).reduce((total, value) => total + value, 0);
    expect(losses[2]).toBeCloseTo(whole * 0.9 * 0.95 * (1 - 0.1 / 3), 5);
    expect(log.join()).toMatch(/operation by operation: loss is .* in a replay and .* in the step itself/);
  });

  test('that reads what it computes is not recorded', async () => {
    const { weight, runner, log } = shrink(({ rate }) =>
      scalar(
        mul(
          stepScalar(() => rate),
          1,
        ).dataSync()[0] as number,
      ),
    );
    const [start] = await read([weight]);
    const [loss] = await takeSteps(runner, 0, 1);
    expect(loss).toBeCloseTo((start as number[]).reduce((total, value) => total + value, 0) * 0.9, 5);
    expect(log.join()).toMatch('the step reads a tensor that it has computed');
  });
});
