import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  add,
  backend,
  keep,
  memory,
  ones,
  setBackend,
  type Tensor,
  tidy,
  type Variable,
  variable,
  zeros,
} from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Bundle, dataPath, openBundle, type TensorData, writeBundle } from '../../../src/checkpoint/index.js';
import { loadCpuBackend } from '../../../src/trainer/backends/cpu-backend.js';
import { fillTensor } from '../../../src/trainer/backends/fill-tensor.js';
import { nativeBackend } from '../../../src/trainer/backends/tensorflow-ops.js';
import { loadWasmBackend } from '../../../src/trainer/backends/wasm-backend.js';
import { restoreTensors, restoreVariables } from '../../../src/trainer/loop/restore-training.js';
import { flipBit } from '../../checkpoint/support.js';
import { repository } from '../../cli/support.js';
import { useTensorflow } from '../native.js';

const run = promisify(execFile);
const suffix = '/.ATTRIBUTES/VARIABLE_VALUE';

/** Of differing sizes, large and small by turns; not in the order of their names. */
const shapes: readonly (readonly [string, number[], 'float32' | 'int32'])[] = [
  ['small', [3], 'float32'],
  ['large', [700, 1001], 'float32'],
  ['scalar', [], 'float32'],
  ['counts', [40_000], 'int32'],
  ['huge', [6_000_001], 'float32'],
  ['empty', [0, 3], 'float32'],
  ['alike', [700, 1001], 'float32'],
  ['last', [17, 5], 'float32'],
];

/** Any bits at all, those of NaN and of denormal numbers among them. */
function noise(length: number, seed: number): Uint8Array {
  const words = new Uint32Array(length);
  for (let index = 0, state = seed; index < length; index++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    words[index] = state;
  }
  return new Uint8Array(words.buffer);
}

const stateOf = (seed: number): [string, TensorData][] =>
  shapes.map(([name, shape, dtype], at) => {
    const length = shape.reduce((size, each) => size * each, 1);
    return [`${name}${suffix}`, { dtype, shape, data: noise(length, seed * 100 + at) }];
  });

function openVariables(): Map<string, Variable> {
  const open = (shape: number[], dtype: 'float32' | 'int32') => {
    const initial = zeros(shape, dtype);
    const opened = variable(initial, false);
    initial.dispose();
    return opened;
  };
  return new Map(shapes.map(([name, shape, dtype]) => [name, open(shape, dtype)]));
}

function bytesOf(tensor: Tensor): Buffer {
  const { buffer, byteOffset, byteLength } = tensor.dataSync();
  return Buffer.from(buffer, byteOffset, byteLength);
}

function expectState(variables: ReadonlyMap<string, Tensor>, state: readonly [string, TensorData][]): void {
  for (const [key, { data }] of state) {
    const name = key.slice(0, -suffix.length);
    expect(Buffer.compare(bytesOf(variables.get(name) as Tensor), data as Uint8Array), name).toBe(0);
  }
}

const [first, second] = [stateOf(1), stateOf(2)];
const folder = mkdtempSync(join(tmpdir(), 'restore-variables-'));
const [firstPath, secondPath] = [join(folder, 'ckpt-1'), join(folder, 'ckpt-2')];
writeBundle(firstPath, first);
writeBundle(secondPath, second);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function withBundle<Result>(path: string, use: (bundle: Bundle) => Result | Promise<Result>): Promise<Result> {
  const bundle = openBundle(path);
  try {
    return await use(bundle);
  } finally {
    bundle.close();
  }
}

const restoreFrom = (path: string, variables: ReadonlyMap<string, Variable>) =>
  withBundle(path, (bundle) => restoreTensors(bundle, { variables, counters: new Map() }));

const native = await useTensorflow();
const backends: readonly (readonly [string, () => unknown, boolean])[] = [
  ['cpu', loadCpuBackend, true],
  ['wasm', () => loadWasmBackend(), true],
  ['tensorflow', () => setBackend('tensorflow'), native],
];

describe.each(backends)('a restore on %s', (name, load, isThere) => {
  beforeAll(async () => void (isThere && (await load())));
  beforeEach(async () => void (isThere && (await setBackend(name))));

  test.skipIf(!isThere)('gives each variable its own bits, and leaves those of before to who keeps them', async () => {
    const variables = openVariables();
    await restoreFrom(firstPath, variables);
    expectState(variables, first);
    const kept = new Map([...variables].map(([key, each]) => [key, keep(each.clone())]));
    await restoreFrom(secondPath, variables);
    expectState(variables, second);
    expectState(kept, first);
    await withBundle(firstPath, (bundle) => restoreVariables(bundle, variables));
    expectState(variables, first);
    for (const each of [...variables.values(), ...kept.values()]) each.dispose();
  });

  test.skipIf(!isThere)('leaves variables to compute with, and no tensors behind', async () => {
    const variables = openVariables();
    const counts = () => [memory().numTensors, memory().numBytes, backend().numDataIds()];
    const before = counts();
    for (const path of [firstPath, secondPath, firstPath]) await restoreFrom(path, variables);
    expect(counts()).toEqual(before);
    const counted = variables.get('counts') as Tensor;
    const sum = tidy(() => add(counted, counted));
    const bytes = first.find(([key]) => key.startsWith('counts'))?.[1].data as Uint8Array;
    expect([...(sum.dataSync() as Int32Array)]).toEqual(
      Array.from(new Int32Array(bytes.buffer), (value) => (2 * value) | 0),
    );
    for (const each of [sum, ...variables.values()]) each.dispose();
  });

  test.skipIf(!isThere)('never gives a variable what does not match its checksum', async () => {
    const path = join(folder, `damaged-${name}`);
    writeBundle(path, second);
    const { offset, size } = await withBundle(path, (bundle) => bundle.entries.get(`huge${suffix}`) as never);
    flipBit(dataPath(path, 0, 1), offset + size - 1, 5);
    const variables = openVariables();
    await restoreFrom(firstPath, variables);
    const before = [memory().numTensors, backend().numDataIds()];
    const error = { code: 'CHECKPOINT_CORRUPT', message: expect.stringContaining('huge') };
    await expect(restoreFrom(path, variables)).rejects.toMatchObject(error);
    const damaged = shapes.findIndex(([key]) => key === 'huge');
    expectState(variables, [...second.slice(0, damaged), ...first.slice(damaged)]);
    expect([memory().numTensors, backend().numDataIds()]).toEqual(before);
    for (const each of variables.values()) each.dispose();
  });

  test.skipIf(!isThere)('takes what was read elsewhere, and nothing of another length', () => {
    const before = [memory().numTensors, backend().numDataIds()];
    const filled = fillTensor([2, 2], 'float32', () => new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer));
    expect([...filled.dataSync()]).toEqual([1, 2, 3, 4]);
    const flags = fillTensor([3], 'bool', () => Uint8Array.of(1, 0, 1));
    expect([...flags.dataSync()]).toEqual([1, 0, 1]);
    for (const each of [filled, flags]) each.dispose();
    expect(() => fillTensor([2, 2], 'float32', () => new Uint8Array(12))).toThrow();
    expect([memory().numTensors, backend().numDataIds()]).toEqual(before);
  });
});

test('a restore reads a file in its order, whatever the order of the variables', async () => {
  await setBackend('cpu');
  const variables = new Map([...openVariables()].toReversed());
  await withBundle(firstPath, async (bundle) => {
    const read: string[] = [];
    const watched = {
      ...bundle,
      read: (key: string, into?: Uint8Array) => {
        read.push(key);
        return bundle.read(key, into);
      },
    };
    await restoreTensors(watched, { variables, counters: new Map() });
    const isStored = (key: string) => !key.startsWith('empty');
    expect(read.filter(isStored)).toEqual(first.map(([key]) => key).filter(isStored));
  });
  expectState(variables, first);
  for (const each of variables.values()) each.dispose();
});

test('a restore reads into the memory that threads of wasm share', async () => {
  const program = `
import { variable, zeros } from '@tensorflow/tfjs-core';
import { openBundle } from './dist/checkpoint/index.js';
import { selectBackend } from './dist/trainer/backends/select-backend.js';
import { restoreTensors } from './dist/trainer/loop/restore-training.js';
const { device } = await selectBackend('wasm', { wasmThreads: 2 });
const shapes = ${JSON.stringify(shapes)};
const variables = new Map(shapes.map(([name, shape, dtype]) => [name, variable(zeros(shape, dtype), false)]));
const bundle = openBundle(${JSON.stringify(firstPath)});
await restoreTensors(bundle, { variables, counters: new Map() });
const isRight = ([name, each]) => {
  const { buffer, byteOffset, byteLength } = each.dataSync();
  return Buffer.compare(Buffer.from(buffer, byteOffset, byteLength), bundle.read(name + '${suffix}').data) === 0;
};
console.log(JSON.stringify({ device, wrong: [...variables].filter((entry) => !isRight(entry)).map(([name]) => name) }));
`;
  const options = { cwd: repository, timeout: 250_000 };
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', program], options);
  expect(JSON.parse(stdout)).toEqual({ device: expect.stringContaining('2 threads'), wrong: [] });
});

describe.skipIf(!native)('refillTensor of our binding', () => {
  beforeEach(async () => void (await setBackend('tensorflow')));
  const fill = (...args: unknown[]) => {
    const { binding } = nativeBackend();
    return (binding.refillTensor as (...args: unknown[]) => number).apply(binding, args);
  };
  const float32 = 1;

  test('takes the memory away from JS', () => {
    let seen: Uint8Array | undefined;
    const tensor = fillTensor([5], 'float32', (into) => {
      seen = into?.fill(0);
      return into as Uint8Array;
    });
    expect([...tensor.dataSync()]).toEqual([0, 0, 0, 0, 0]);
    expect(seen?.length).toBe(0);
    tensor.dispose();
  });

  test('passes on what the function throws, and keeps no tensor', () => {
    const count = nativeBackend().binding.getNumOfTensors();
    let seen: Uint8Array | undefined;
    const failing = (memory: Uint8Array) => {
      seen = memory;
      throw new RangeError('not now');
    };
    expect(() => fill([1000], float32, failing)).toThrow(new RangeError('not now'));
    expect(seen?.length).toBe(0);
    expect(nativeBackend().binding.getNumOfTensors()).toBe(count);
  });

  const made = (values: number[]) =>
    fill([values.length], float32, (memory: Uint8Array) =>
      memory.set(new Uint8Array(Float32Array.from(values).buffer)),
    );
  const valuesOf = (id: number) => [...(nativeBackend().binding.tensorDataSync(id) as Float32Array)];
  const numbers = Array.from({ length: 1000 }, (_, index) => index + 0.5);
  const leave = (memory: Uint8Array) => memory;

  test('writes the memory of a spare tensor, which is gone then', () => {
    const { binding } = nativeBackend();
    const spare = made(numbers);
    const count = binding.getNumOfTensors();
    const id = fill([1000], float32, leave, spare);
    expect(valuesOf(id)).toEqual(numbers);
    expect(id).not.toBe(spare);
    expect(binding.getNumOfTensors()).toBe(count);
    expect(() => binding.tensorDataSync(spare)).toThrow(/not referenced/);
    binding.deleteTensor(id);
  });

  test('takes other memory where a spare tensor is used elsewhere, or unlike', () => {
    const { binding } = nativeBackend();
    const type = { name: 'T', type: binding.TF_ATTR_TYPE, value: float32 };
    const clear = (memory: Uint8Array) => memory.fill(0);
    const spare = made(numbers);
    const [same] = binding.executeOp('Identity', [type], [spare], 1);
    const inJs = binding.createTensor([1000], float32, Float32Array.from(numbers));
    const ids = [spare, inJs, made(numbers)].map((id, index) => fill([index < 2 ? 1000 : 999], float32, clear, id));
    for (const id of ids) expect(new Set(valuesOf(id))).toEqual(new Set([0]));
    expect(valuesOf(same?.id as number)).toEqual(numbers);
    for (const id of [...ids, same?.id as number]) binding.deleteTensor(id);
  });

  test('a spare tensor that others use, or whose values are still in JS, is only disposed of', () => {
    const before = [memory().numTensors, backend().numDataIds(), nativeBackend().binding.getNumOfTensors()];
    const zero = () => new Uint8Array(4000);
    const filled = fillTensor([1000], 'float32', () => new Uint8Array(Float32Array.from(numbers).buffer));
    const clone = filled.clone();
    const second = fillTensor([1000], 'float32', zero, filled);
    const third = fillTensor([1000], 'float32', zero, ones([1000]));
    expect([...clone.dataSync()]).toEqual(numbers);
    expect(filled.isDisposed).toBe(true);
    for (const each of [clone, second, third]) each.dispose();
    expect([memory().numTensors, backend().numDataIds(), nativeBackend().binding.getNumOfTensors()]).toEqual(before);
  });

  test('refuses shapes, types and functions that are none', () => {
    const nothing = () => undefined;
    expect(() => fill([2, 0], float32, nothing)).toThrow(/positive lengths/);
    expect(() => fill(['x'], float32, nothing)).toThrow(/positive lengths/);
    expect(() => fill(7, float32, nothing)).toThrow(/a shape, a type and a function/);
    expect(() => fill([2], float32)).toThrow(/a shape, a type and a function/);
    expect(() => fill([2], float32, 'f')).toThrow(/a shape, a type and a function/);
    expect(() => fill([2], 7, nothing)).toThrow(/type of numbers/);
  });
});
