import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memory, tensor, tensor1d, type Variable, variable } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type TensorData, valueSuffix } from '../../../../src/checkpoint/index.js';
import { classify } from '../../../../src/supervisor/classify.js';
import { fillTensor } from '../../../../src/trainer/backends/fill-tensor.js';
import {
  compileBinding,
  compilerName,
  nodeHeaderFolders,
} from '../../../../src/trainer/backends/native/compile-binding.js';
import { findTensorflow } from '../../../../src/trainer/backends/native/find-tensorflow.js';
import { outOfMemoryLine } from '../../../../src/trainer/backends/out-of-memory.js';
import { loadTensorflowBackend } from '../../../../src/trainer/backends/tensorflow-backend.js';
import { nativeBackend } from '../../../../src/trainer/backends/tensorflow-ops.js';
import { openGraphSession } from '../../../../src/trainer/capture/graph/graph-session.js';
import { createVariableTable, readAllNode } from '../../../../src/trainer/capture/graph/variable-table.js';
import { idOf } from '../../../../src/trainer/capture/variable-values.js';
import { holdVariables } from '../../../../src/trainer/loop/hold-variables.js';
import { restoreTraining } from '../../../../src/trainer/loop/restore-training.js';
import { snapshotTraining } from '../../../../src/trainer/loop/training-state.js';

interface Device {
  readonly load: (path: string) => void;
  readonly statistics: () => { bytesInUse: number; bytesCopiedThere: number; bytesCopiedBack: number };
}

const deviceMb = 64;
const folder = mkdtempSync(join(tmpdir(), 'device-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Compiles a device whose memory the host cannot touch, and makes it TensorFlow's GPU. @throws Error saying what is missing */
async function loadDevice(): Promise<Device> {
  const tensorflow = await findTensorflow();
  const [nodeHeaders] = nodeHeaderFolders();
  if (nodeHeaders === undefined) throw new Error('there are no headers of Node');
  // As the binding is compiled: all sources of a folder into one library.
  const compile = async (name: string, output: string) => {
    const sources = join(folder, name);
    mkdirSync(sources);
    copyFileSync(new URL(`../../../fixtures/device/${name}.cc`, import.meta.url), join(sources, `${name}.cc`));
    await compileBinding({ sources, nodeHeaders, tensorflow, output: join(folder, output), compiler: compilerName() });
    return join(folder, output);
  };
  const library = await compile('own_memory', 'own_memory.so');
  const device = createRequire(import.meta.url)(await compile('load_device', 'load_device.node')) as Device;
  device.load(library);
  return device;
}

let device: Device;
let missing: string | undefined;

beforeAll(async () => {
  process.env['DEVICE_MEMORY_MB'] = String(deviceMb);
  try {
    device = await loadDevice();
  } catch (error) {
    missing = (error as Error).message.split('\n')[0] ?? '';
    console.warn(`skipped: ${missing}`);
    return;
  }
  const { isGpu } = await loadTensorflowBackend();
  expect(isGpu).toBe(true);
});

const megabyte = 1 << 20;
const counting = (length: number, from = 0) => Float32Array.from({ length }, (_, at) => from + at);
const bytesOf = (values: Float32Array | Int32Array) => new Uint8Array(values.buffer);

/** Fills as a checkpoint does: into the memory that is given. */
const filling = (bytes: Uint8Array) => (into?: Uint8Array) => {
  into?.set(bytes);
  return into ?? bytes;
};

const progress = { epoch: 2, step: 0, globalStep: 7, seed: 3, lossSums: {} } as const;
const noScore = { bestEpoch: 0, bestScore: null, bestMonitored: null, epochsWithoutImprovement: 0 } as const;

/** A training of two variables and a counter. */
function makeTraining() {
  let steps = 7;
  const variables = new Map<string, Variable>([
    ['first/kernel', variable(tensor1d(counting(1000)))],
    ['second/kernel', variable(tensor(counting(600, 7), [20, 30]))],
  ]);
  const counter = {
    get: () => steps,
    set: (value: number) => {
      steps = value;
    },
  };
  return { variables, counters: new Map([['optimizer/iterations', counter]]) };
}

async function snapshot(training: ReturnType<typeof makeTraining>) {
  const entries = new Map(await snapshotTraining(training, { ...progress, ...noScore }));
  const read = (name: string) => entries.get(name) as TensorData;
  return { path: 'memory', entries, has: (name: string) => entries.has(name), read };
}

describe('on a card with memory of its own', () => {
  beforeEach(({ skip }) => skip(missing !== undefined, missing));

  test('memory is taken as it is needed, not all of it at once', async () => {
    const made = tensor1d(counting(1000));
    idOf(made);
    expect(await made.data()).toEqual(counting(1000));
    made.dispose();
    const { bytesInUse, bytesCopiedThere, bytesCopiedBack } = device.statistics();
    expect(bytesInUse).toBeGreaterThan(0);
    expect(bytesInUse).toBeLessThan((deviceMb / 2) * megabyte);
    expect(Math.min(bytesCopiedThere, bytesCopiedBack)).toBeGreaterThanOrEqual(4000);
  });

  test('a state is saved from there, and restored to there', async () => {
    const training = makeTraining();
    const before = device.statistics();
    const saved = await snapshot(training);
    expect(device.statistics().bytesCopiedBack - before.bytesCopiedBack).toBe(4 * 1600);
    expect(saved.read(`first/kernel${valueSuffix}`).data).toEqual(bytesOf(counting(1000)));
    for (const each of training.variables.values()) each.assign(tensor(new Float32Array(each.size), each.shape));
    const restored = await restoreTraining(saved, training);
    expect(restored.globalStep).toBe(7);
    const [first, second] = [...training.variables.values()] as [Variable, Variable];
    expect(await first.data()).toEqual(counting(1000));
    expect(await second.data()).toEqual(counting(600, 7));
    for (const each of training.variables.values()) each.dispose();
  });

  test('what is saved beside the next steps has come to the host before them', async () => {
    // Large enough to be copied by another thread, if it lay there.
    const values = counting(5 * megabyte);
    const variables = new Map([['large', variable(tensor1d(values))]]);
    const { entries, ready } = await holdVariables({ variables, counters: new Map() }, (size) => new Uint8Array(size));
    expect(ready).toBeUndefined();
    expect(entries[0]?.[1].data).toEqual(bytesOf(values));
    for (const each of variables.values()) each.dispose();
  });

  test('restores take the memory of one state, however often', async () => {
    const bytes = bytesOf(counting(megabyte / 4));
    let kept = fillTensor([megabyte / 4], 'float32', filling(bytes));
    const { bytesInUse } = device.statistics();
    for (let round = 0; round < 4 * deviceMb; round++) {
      kept = fillTensor([megabyte / 4], 'float32', filling(bytes), kept);
    }
    expect(device.statistics().bytesInUse).toBe(bytesInUse);
    expect(new Uint8Array((await kept.data()).buffer)).toEqual(bytes);
    kept.dispose();
  });

  test('integers stay on the host, where kernels of a card want them', async () => {
    const before = device.statistics().bytesCopiedThere;
    const made = fillTensor([3], 'int32', filling(bytesOf(Int32Array.of(-1, 0, 2 ** 30))));
    expect(await made.data()).toEqual(Int32Array.of(-1, 0, 2 ** 30));
    expect(device.statistics().bytesCopiedThere).toBe(before);
    made.dispose();
  });

  test("a reader's error leaves nothing behind", () => {
    const { bytesInUse } = device.statistics();
    const tensors = memory().numTensors;
    const fail = () => {
      throw new Error('it does not match its checksum');
    };
    expect(() => fillTensor([1000], 'float32', fail)).toThrow('it does not match its checksum');
    expect(memory().numTensors).toBe(tensors);
    expect(device.statistics().bytesInUse).toBe(bytesInUse);
  });

  test("a recorded step's variables live in a session: they are set, copied and taken back", async () => {
    const { variables } = makeTraining();
    const [first, second] = [...variables.values()] as [Variable, Variable];
    const table = createVariableTable();
    table.entryOf(first);
    table.entryOf(second);
    const session = openGraphSession(table, []);
    session.push();
    const copies = new Uint8Array(6400);
    const places = Float64Array.of(0, 4000, 4000, 2400);
    nativeBackend().binding.gatherValues?.(Int32Array.of(-1, -2), copies, places, session.id, readAllNode);
    expect(copies.subarray(0, 4000)).toEqual(bytesOf(counting(1000)));
    expect(copies.subarray(4000)).toEqual(bytesOf(counting(600, 7)));
    first.assign(tensor1d(new Float32Array(1000)));
    session.pull([first]);
    expect(await first.data()).toEqual(counting(1000));
    session.dispose();
    table.dispose();
    for (const each of variables.values()) each.dispose();
  });

  test('exhausted, it is an error of its own class, and the process goes on', async () => {
    const length = (2 * deviceMb * megabyte) / 4;
    let line: string | undefined;
    try {
      fillTensor([length], 'float32', (into) => into ?? new Uint8Array(4 * length));
    } catch (error) {
      line = outOfMemoryLine(error);
    }
    expect(line).toBe('Dst tensor is not initialized.');
    const logTail = [`The training ends, because memory is exhausted: ${line}`];
    expect(classify({ code: 1, signal: null }, { logTail, oomKills: 0 }).class).toBe('gpu-memory');
    const small = fillTensor([2], 'float32', filling(bytesOf(Float32Array.of(1, 2))));
    expect(await small.data()).toEqual(Float32Array.of(1, 2));
    small.dispose();
  });
});
