import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { scalar, square, type Tensor, tensor1d, type Variable, variable } from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { TensorData } from '../../../src/checkpoint/index.js';
import { type NativeBinding, nativeBackend } from '../../../src/trainer/backends/tensorflow-ops.js';
import { captureStep } from '../../../src/trainer/capture/index.js';
import { idOf } from '../../../src/trainer/capture/variable-values.js';
import { copyVariables, isCopiedToGiven } from '../../../src/trainer/loop/copy-variables.js';
import { holdVariables } from '../../../src/trainer/loop/hold-variables.js';
import type { TrainingTensors } from '../../../src/trainer/loop/training-tensors.js';
import { waitUntilReady } from '../../../src/trainer/loop/wait-until-ready.js';
import { createAdam } from '../../../src/trainer/nn/index.js';
import { repository } from '../../cli/support.js';
import { useTensorflow } from '../native.js';

vi.setConfig({ testTimeout: 120_000 });

const native = await useTensorflow();
const take = (bytes: number) => new Uint8Array(bytes);

/** A training of two weights by Adam, captured. */
function openTraining() {
  const weights = new Map<string, Variable>([
    ['a', variable(tensor1d([1, 2, 3]))],
    ['b', variable(scalar(4))],
  ]);
  const optimizer = createAdam('adam', { variables: weights, trainable: weights }, { beta1: 0.9, beta2: 0.999 });
  const log: string[] = [];
  const compute = () => {
    optimizer.apply(new Map([...weights].map(([path, weight]) => [path, square(weight)])), 0.1);
    return { loss: scalar(0) };
  };
  const step = captureStep<object>({ structureOf: () => 'same', compute }, (line) => log.push(line));
  const tensors: TrainingTensors = {
    variables: new Map([...weights, ...optimizer.slots()]),
    counters: new Map(),
    settle: step.settle,
    locate: step.locate,
  };
  const takeSteps = async (count: number) => {
    for (let taken = 0; taken < count; taken++) await step.run({});
  };
  return { step, tensors, takeSteps, log };
}

const bytesOf = async (tensors: TrainingTensors) =>
  (await copyVariables(tensors, take)).map(([name, { data }]) => [
    name,
    Buffer.from(data as Uint8Array).toString('hex'),
  ]);

/** The same by way of the variables themselves. */
function settled({ settle, variables }: TrainingTensors) {
  settle?.();
  return Array.from(variables, ([name, each]) => {
    const { buffer, byteOffset, byteLength } = each.dataSync();
    return [`${name}/.ATTRIBUTES/VARIABLE_VALUE`, Buffer.from(buffer, byteOffset, byteLength).toString('hex')];
  });
}

afterEach(() => void vi.restoreAllMocks());

describe.skipIf(!native)('the state of a captured training', () => {
  // Whoever has a variable of whole numbers beside the training does not disturb it.
  let other: Variable;
  beforeEach(() => {
    other = variable(tensor1d([1, 2], 'int32'));
  });
  afterEach(() => other.dispose());

  test('is copied as it is after each step, and changes nothing', async () => {
    const [watched, unwatched] = [openTraining(), openTraining()];
    for (let taken = 0; taken < 6; taken++) {
      await watched.takeSteps(1);
      await unwatched.takeSteps(1);
      expect(await bytesOf(watched.tensors)).toEqual(settled(unwatched.tensors));
    }
    expect(watched.log).toEqual([]);
    expect(settled(watched.tensors)).toEqual(settled(unwatched.tensors));
  });

  test('leaves the variables as they were, and no handles behind', async () => {
    const { tensors, takeSteps } = openTraining();
    await takeSteps(4);
    const handles = () => [...tensors.variables.values()].map(idOf);
    const [before, count] = [handles(), nativeBackend().binding.getNumOfTensors()];
    await copyVariables(tensors, take);
    expect(handles()).toEqual(before);
    expect(nativeBackend().binding.getNumOfTensors()).toBe(count);
  });

  test('is the same by a binding that cannot copy into given memory', async () => {
    const { tensors, takeSteps } = openTraining();
    await takeSteps(4);
    const copied = await bytesOf(tensors);
    const { binding } = nativeBackend();
    nativeBackend().binding = Object.create(binding, { gatherValues: { value: undefined } }) as typeof binding;
    try {
      expect(isCopiedToGiven()).toBe(false);
      expect(await bytesOf(tensors)).toEqual(copied);
    } finally {
      nativeBackend().binding = binding;
    }
  });
});

describe.skipIf(!native)('gatherValues of our binding', () => {
  type Gather = NonNullable<NativeBinding['gatherValues']>;
  const gather = (...args: Parameters<Gather>) => nativeBackend().binding.gatherValues?.(...args);
  const idsOf = (tensors: readonly Tensor[]) => Int32Array.from(tensors, idOf);

  test('copies values of each type', () => {
    expect(isCopiedToGiven()).toBe(true);
    const target = new Uint8Array(16);
    const tensors = [tensor1d([1, -2], 'int32'), tensor1d([true, false], 'bool'), tensor1d([])];
    gather(idsOf(tensors), target, Float64Array.of(4, 8, 13, 2, 16, 0));
    expect([...new Int32Array(target.buffer)].slice(0, 3)).toEqual([0, 1, -2]);
    expect([...target.subarray(12)]).toEqual([0, 1, 0, 0]);
    gather(new Int32Array(0), new Uint8Array(0), new Float64Array(0));
  });

  test('copies what several threads share, and more than is copied together', () => {
    const lengths = [1, 3_000_001, 0, 9_999_999, 7, 25_000_000, 12];
    const tensors = lengths.map((length, at) => tensor1d(Float32Array.from({ length }, (_, index) => index * 7 + at)));
    const offsets = lengths.map((_, at) => lengths.slice(0, at).reduce((sum, length) => sum + 4 * length, 0));
    const target = new Uint8Array(4 * lengths.reduce((sum, length) => sum + length, 0));
    gather(idsOf(tensors), target, Float64Array.from(lengths.flatMap((length, at) => [offsets[at] ?? 0, 4 * length])));
    for (const [at, each] of tensors.entries()) {
      const copy = target.subarray(offsets[at], (offsets[at] ?? 0) + 4 * each.size);
      expect(Buffer.compare(Buffer.from(each.dataSync().buffer), copy), `tensor ${at}`).toBe(0);
    }
    for (const each of tensors) each.dispose();
  });

  test('refuses memory of another size or kind, and values that are not there', () => {
    const [id] = idsOf([tensor1d([1, 2])]) as unknown as [number];
    const target = new Uint8Array(8);
    const places = Float64Array.of(0, 8);
    const copy = (...args: unknown[]) => gather(...(args as Parameters<Gather>));
    expect(() => copy(Int32Array.of(id), target, Float64Array.of(0, 7))).toThrow(/7 bytes for a tensor of 8/);
    for (const [offset, end] of [
      [1, 9],
      [-1, 7],
      [1e9, 1e9 + 8],
    ] as const)
      expect(() => copy(Int32Array.of(id), target, Float64Array.of(offset, 8)), `${offset}`).toThrow(
        `no bytes from ${offset} to ${end}, but 8`,
      );
    expect(() => copy(Int32Array.of(id), target, Float64Array.of(Number.NaN, 8))).toThrow(/no bytes from nan/);
    const kinds = /takes an Int32Array, a Uint8Array, and a Float64Array of two places for each source/;
    expect(() => copy([id], target, places)).toThrow(kinds);
    expect(() => copy(Int32Array.of(id), new Float32Array(2), places)).toThrow(kinds);
    expect(() => copy(Int32Array.of(id), target, [0, 8])).toThrow(kinds);
    expect(() => copy(Int32Array.of(id), target, Float64Array.of(0))).toThrow(kinds);
    expect(() => copy(Int32Array.of(id, id), target, places)).toThrow(kinds);
    expect(() => copy()).toThrow(kinds);
    expect(() => copy(Int32Array.of(987_654_321), target, places)).toThrow(/not referenced \(tensor_id: 987654321\)/);
    expect(() => copy(Int32Array.of(-1), target, places)).toThrow(/no session of theirs \(session: -1\)/);
    expect(() => copy(Int32Array.of(-1), target, places, 987_654_321)).toThrow(/\(session: 987654321\)/);
  });

  test('reads variables of a session', async () => {
    const { tensors, takeSteps } = openTraining();
    await takeSteps(4);
    const { sources, session, operation } = tensors.locate?.([...tensors.variables.values()]) ?? {};
    expect([...(sources ?? [])].sort()).toEqual([-1, -2, -3, -4, -5, -6]);
    const [first] = sources as unknown as [number];
    const target = new Uint8Array(12);
    const places = Float64Array.of(0, 12);
    expect(gather(Int32Array.of(first), target, places, session, operation)).toBe(false);
    expect(Buffer.from(target).toString('hex')).toBe((await bytesOf(tensors))[0]?.[1]);
    const absent = /not in the session/;
    expect(() => gather(Int32Array.of(first), target, places, session, 'nobody')).toThrow(absent);
    expect(() => gather(Int32Array.of(first), target, places, session)).toThrow(absent);
    expect(() => gather(Int32Array.of(-7), target, places, session, operation)).toThrow(
      /in the session \(read_all:6\)/,
    );
  });
});

describe.skipIf(!native)('a state that is copied beside the next steps', () => {
  /** 20 MB each, in place: what is small is copied at once. */
  const length = 5_000_000;
  const openLarge = () => {
    const weight = variable(tensor1d(Float32Array.from({ length }, (_, at) => Math.sin(at))));
    const weights = new Map([['w', weight]]);
    const optimizer = createAdam('adam', { variables: weights, trainable: weights }, { beta1: 0.9, beta2: 0.999 });
    const compute = () => {
      optimizer.apply(new Map([['w', square(weight)]]), 0.1);
      return { loss: scalar(0) };
    };
    const log: string[] = [];
    const step = captureStep<object>({ structureOf: () => 'same', compute }, (line) => log.push(line));
    const variables = new Map([...weights, ...optimizer.slots()]);
    const tensors: TrainingTensors = { variables, counters: new Map(), settle: step.settle, locate: step.locate };
    return { tensors, step: () => step.run({}), log };
  };
  const shared = (bytes: number) => new Uint8Array(new SharedArrayBuffer(bytes));
  const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array) => Buffer.from(buffer, byteOffset, byteLength);
  const entriesOf = (entries: readonly (readonly [string, TensorData])[]) =>
    entries.map(([, { data }]) => Buffer.from(data as Uint8Array));

  test('is the state at that moment, whatever the steps do meanwhile, and so are the steps', async () => {
    const [watched, unwatched] = [openLarge(), openLarge()];
    const saves: { ready: Int32Array | undefined; held: Buffer[]; expected: Buffer[] }[] = [];
    for (let taken = 0; taken < 8; taken++) {
      await watched.step();
      await unwatched.step();
      const { entries, ready } = await holdVariables(watched.tensors, shared);
      const expected = entriesOf(await copyVariables(unwatched.tensors, take));
      // The step that follows updates in place what is being copied.
      const held = entries.map(([, { data }]) => viewOf(data as Uint8Array));
      saves.push({ ready, held, expected });
    }
    for (const { ready, held, expected } of saves) {
      waitUntilReady(ready);
      for (const [at, bytes] of expected.entries()) expect(Buffer.compare(held[at] as Buffer, bytes)).toBe(0);
    }
    expect(saves.map(({ ready }) => ready?.[0])).toEqual(saves.map(() => 1));
    expect(watched.log).toEqual([]);
    const ends = [watched, unwatched].map(async ({ tensors }) => entriesOf(await copyVariables(tensors, take)));
    const [left, right] = (await Promise.all(ends)) as [Buffer[], Buffer[]];
    for (const [at, bytes] of left.entries()) expect(Buffer.compare(bytes, right[at] as Buffer)).toBe(0);
  });

  test('does not keep the process from ending, nor ends it badly', async () => {
    const program = `
      import { variable, zeros } from '@tensorflow/tfjs-core';
      import { selectBackend } from './dist/trainer/backends/select-backend.js';
      import { holdVariables } from './dist/trainer/loop/hold-variables.js';
      await selectBackend('tensorflow');
      const variables = new Map([['w', variable(zeros([100_000_000]))]]);
      const { ready } = await holdVariables({ variables, counters: new Map() }, (bytes) => new Uint8Array(new SharedArrayBuffer(bytes)));
      console.log(ready[0]);
      if (process.argv[1] === 'exit') process.exit(0);
    `;
    for (const end of ['exit', 'return']) {
      const args = ['--input-type=module', '-e', program, end];
      const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: repository, timeout: 100_000 });
      expect(stdout.trim(), end).toBe('0');
    }
  });
});
