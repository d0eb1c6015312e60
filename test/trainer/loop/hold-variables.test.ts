import { memory, scalar, square, tensor1d, type Variable, variable } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { loadWasmBackend } from '../../../src/trainer/backends/wasm-backend.js';
import * as wasmMemory from '../../../src/trainer/backends/wasm-memory.js';
import { runEagerly } from '../../../src/trainer/capture/index.js';
import { bytesToHold, holdVariables } from '../../../src/trainer/loop/hold-variables.js';
import type { TrainingTensors } from '../../../src/trainer/loop/training-tensors.js';
import { createAdam } from '../../../src/trainer/nn/index.js';

beforeAll(async () => {
  await loadWasmBackend();
});

const take = (bytes: number) => new Uint8Array(bytes);
const length = 10_000;

/** A training of two weights by Adam. */
function openTraining() {
  const weights = new Map<string, Variable>([
    ['a', variable(tensor1d(Float32Array.from({ length }, (_, at) => 1 + Math.sin(at))))],
    ['b', variable(scalar(4))],
    ['c', variable(tensor1d(new Float32Array(0)))],
    ['d', variable(tensor1d([true, false], 'bool'), false)],
  ]);
  const trainable = new Map([...weights].slice(0, 2));
  const optimizer = createAdam('adam', { variables: weights, trainable }, { beta1: 0.9, beta2: 0.999 });
  const step = runEagerly({
    structureOf: () => 'same',
    compute: () => {
      const gradients = new Map([...trainable].map(([path, weight]) => [path, square(weight)]));
      optimizer.apply(gradients, 0.01);
      for (const gradient of gradients.values()) gradient.dispose();
      return { loss: scalar(0) };
    },
  });
  const tensors: TrainingTensors = {
    variables: new Map([...weights, ...optimizer.slots()]),
    counters: new Map(),
    settle: step.settle,
  };
  return { tensors, step: () => step.run({}) };
}

type Held = Awaited<ReturnType<typeof holdVariables>>;
const bytesOf = ({ entries }: Held) =>
  entries.map(([name, { data }]) => [name, Buffer.from(data as Uint8Array).toString('hex')]);
const valuesOf = ({ variables }: TrainingTensors) =>
  Array.from(variables, ([name, each]) => {
    const { buffer, byteOffset, byteLength } = each.dataSync();
    return [`${name}/.ATTRIBUTES/VARIABLE_VALUE`, Buffer.from(buffer, byteOffset, byteLength).toString('hex')];
  });

describe('on WebAssembly', () => {
  test('values are not copied, lie where other threads read them, and stay while the training goes on', async () => {
    const { tensors, step } = openTraining();
    await step();
    const before = valuesOf(tensors);
    expect(bytesToHold(tensors)).toBe(0);
    const held = await holdVariables(tensors, () => {
      throw new Error('nothing is to be copied');
    });
    for (let taken = 0; taken < 5; taken++) await step();
    const large = variable(tensor1d(new Float32Array(30_000_000)));
    expect(bytesOf(held)).toEqual(before);
    expect(valuesOf(tensors)).not.toEqual(before);
    for (const [, { data }] of held.entries) expect((data as Uint8Array).buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(held.ready).toBeUndefined();
    held.release();
    large.dispose();
  });

  test('what is released leaves nothing behind', async () => {
    const { tensors, step } = openTraining();
    await step();
    const before = memory();
    for (let save = 0; save < 3; save++) {
      const held = await holdVariables(tensors, take);
      await step();
      held.release();
    }
    expect(memory()).toMatchObject({ numTensors: before.numTensors, numBytes: before.numBytes });
  });

  test('where the memory has no room for it, values are copied as before', async () => {
    const { tensors, step } = openTraining();
    const before = valuesOf(tensors);
    const noRoom = vi.spyOn(wasmMemory, 'mayHold').mockReturnValue(false);
    try {
      expect(bytesToHold(tensors)).toBeGreaterThan(3 * 4 * length);
      const held = await holdVariables(tensors, take);
      await step();
      expect(bytesOf(held)).toEqual(before);
      for (const [, { data }] of held.entries) expect((data as Uint8Array).buffer).toBeInstanceOf(ArrayBuffer);
      held.release();
    } finally {
      noRoom.mockRestore();
    }
  });

  test('a quarter of the memory is never held', () => {
    const mebibyte = 2 ** 20;
    expect(wasmMemory.mayHold(1024 * mebibyte)).toBe(true);
    expect(wasmMemory.mayHold(3072 * mebibyte)).toBe(false);
  });
});
