import { setImmediate as breathe } from 'node:timers/promises';
import { clone, keep, type Tensor, type Variable } from '@tensorflow/tfjs-core';
import {
  buildObjectGraph,
  type DType,
  type FilePlace,
  inOrderOfFiles,
  type TensorData,
  valueSuffix,
} from '../../checkpoint/index.js';
import { SuperviseError } from '../../protocol/index.js';
import { type FilledType, fillTensor } from '../backends/fill-tensor.js';
import type { BestScore } from './best-score.js';
import { copyTo, copyVariables, type Take } from './copy-variables.js';
import { type HeldEntries, holdVariables } from './hold-variables.js';
import type { LossBalance } from './loss-weights.js';
import type { Rollback } from './rollback.js';
import type { TrainingTensors } from './training-tensors.js';

/** Name of the tensor that says where the training stood. */
export const progressKey = `_supervise/training_state${valueSuffix}`;

/** Where the training stands: everything beside tensors that an exact resume needs. */
export interface TrainingProgress extends BestScore {
  /** Epoch in progress, from 1, or the next one when the last is complete. */
  readonly epoch: number;
  /** Steps done in that epoch. */
  readonly step: number;
  /** Steps done in the whole run. */
  readonly globalStep: number;
  /** Sums of the losses over the steps done in this epoch. */
  readonly lossSums: Readonly<Record<string, number>>;
  /** Seed that all random numbers derive from, together with (epoch, step). */
  readonly seed: number;
  /** Steps of the running epoch that were left out. */
  readonly skipped?: number;
  /** Factors on the loss weights, with adaptive balancing. */
  readonly balance?: LossBalance | undefined;
  /** Places where the training diverged and was rolled back. */
  readonly rollbacks?: readonly Rollback[];
}

/**
 * Copies the training's state out of the backend as checkpoint entries: each variable in its own dtype and shape, counters
 * as int64 scalars, progress as a JSON string scalar; and the graph of their objects, for `tf.train.Checkpoint`.
 */
export async function snapshotTraining(
  tensors: TrainingTensors,
  progress: TrainingProgress,
  take: Take = (bytes) => new Uint8Array(bytes),
): Promise<[string, TensorData][]> {
  const entries = await copyVariables(tensors, take);
  addProgress(entries, tensors, progress, take);
  return entries;
}

/** The same for another thread, which may read it while the training goes on. */
export async function holdTraining(
  tensors: TrainingTensors,
  progress: TrainingProgress,
  take: Take,
): Promise<HeldEntries> {
  const held = await holdVariables(tensors, take);
  addProgress(held.entries, tensors, progress, take);
  return held;
}

/** Adds all that is not a variable. */
function addProgress(
  entries: [string, TensorData][],
  tensors: TrainingTensors,
  progress: TrainingProgress,
  take: Take,
): void {
  const put = (name: string, { data, ...scalar }: TensorData & { readonly data: Uint8Array }) =>
    entries.push([`${name}${valueSuffix}`, { ...scalar, data: copyTo(take, data) }]);
  for (const [name, counter] of tensors.counters) put(name, int64Scalar(counter.get()));
  for (const [name, rate] of tensors.rates ?? []) put(name, float32Scalar(rate));
  // Python's CheckpointManager counts on from it: after `ckpt-3` it writes `ckpt-4`.
  put('save_counter', int64Scalar(progress.epoch - 1));
  const [graphName, graph] = findGraph(tensors, entries);
  entries.push([graphName, { dtype: 'string', shape: [], data: [copyTo(take, graph)] }]);
  const json = new TextEncoder().encode(JSON.stringify(progress));
  entries.push([progressKey, { dtype: 'string', shape: [], data: [copyTo(take, json)] }]);
}

const graphs = new WeakMap<TrainingTensors, { names: readonly string[]; graph: readonly [string, Uint8Array] }>();

/** The graph of the objects follows from the names. To build it takes longer than to copy a small training's state. */
function findGraph(tensors: TrainingTensors, entries: readonly [string, TensorData][]): readonly [string, Uint8Array] {
  const known = graphs.get(tensors);
  const isSame =
    known?.names.length === entries.length && entries.every(([name], index) => known.names[index] === name);
  if (known !== undefined && isSame) return known.graph;
  const names = entries.map(([name]) => name);
  const [name, { data }] = buildObjectGraph(names);
  const [bytes] = data;
  if (!(bytes instanceof Uint8Array)) throw new TypeError('the graph of the objects is one string');
  graphs.set(tensors, { names, graph: [name, bytes] });
  return [name, bytes];
}

/** The reading side of a checkpoint, as far as a restore needs it. */
export interface ReadableCheckpoint {
  readonly path: string;
  readonly entries: { get(name: string): StoredTensor | undefined };
  readonly has: (name: string) => boolean;
  /** Reads one tensor and checks it, into `into` or into memory of its own. */
  readonly read: (name: string, into?: Uint8Array) => TensorData;
}

/** What a checkpoint says of a tensor without reading it. */
export interface StoredTensor extends FilePlace {
  readonly dtype: DType;
  readonly shape: readonly number[];
}

/**
 * Puts a checkpoint's state into the training's variables and counters.
 * @throws CHECKPOINT_MISMATCH when a tensor is missing or has another shape: nothing is assigned then
 */
export async function restoreTraining(
  checkpoint: ReadableCheckpoint,
  tensors: TrainingTensors,
): Promise<TrainingProgress> {
  await restoreTensors(checkpoint, tensors);
  return readProgress(checkpoint);
}

/** After so many bytes others have their turn: 10 ms of reading. */
const bytesOfBreath = 1 << 24;

/** The same for a checkpoint that does not say where the training stood. */
export async function restoreTensors(checkpoint: ReadableCheckpoint, tensors: TrainingTensors): Promise<void> {
  let breath = 0;
  for (const bytes of restoreInTurn(checkpoint, tensors.variables)) {
    breath += bytes;
    if (breath < bytesOfBreath) continue;
    breath = 0;
    await breathe();
  }
  for (const [name, counter] of tensors.counters) counter.set(readInt64(checkpoint, `${name}${valueSuffix}`));
}

/** Puts a checkpoint's tensors into variables of the same names. @throws CHECKPOINT_MISMATCH before anything is assigned */
export function restoreVariables(checkpoint: ReadableCheckpoint, variables: ReadonlyMap<string, Variable>): void {
  for (const _ of restoreInTurn(checkpoint, variables));
}

/** Yields the bytes of each tensor that it has read, checked and assigned. */
function* restoreInTurn(checkpoint: ReadableCheckpoint, variables: ReadonlyMap<string, Variable>): Generator<number> {
  for (const [name, variable] of variables) assertMatches(checkpoint, name, variable);
  // The values before of one variable, in whose memory those of the next one may be read: new memory takes longer than reading.
  let spare: Tensor | undefined;
  try {
    for (const [key, variable] of inOrderOfFile(checkpoint, variables)) {
      const { shape, dtype } = variable;
      // What does not match its checksum throws here, and is never assigned.
      const restored = fillTensor(shape, dtype as FilledType, (into) => numbersOf(checkpoint.read(key, into)), spare);
      spare = keep(clone<Tensor>(variable));
      variable.assign(restored);
      restored.dispose();
      yield variable.size * 4;
    }
  } finally {
    spare?.dispose();
  }
}

function inOrderOfFile({ entries }: ReadableCheckpoint, variables: ReadonlyMap<string, Variable>) {
  const keyed = new Map(Array.from(variables, ([name, variable]) => [`${name}${valueSuffix}`, variable]));
  return inOrderOfFiles(keyed.keys(), entries).map((key) => [key, keyed.get(key) as Variable] as const);
}

function numbersOf({ data }: TensorData): Uint8Array {
  if (!(data instanceof Uint8Array)) throw new TypeError('a string tensor has no numbers');
  return data;
}

function int64Scalar(value: number): TensorData & { readonly data: Uint8Array } {
  return { dtype: 'int64', shape: [], data: new Uint8Array(BigInt64Array.of(BigInt(value)).buffer) };
}

function float32Scalar(value: number): TensorData & { readonly data: Uint8Array } {
  return { dtype: 'float32', shape: [], data: new Uint8Array(Float32Array.of(value).buffer) };
}

function readInt64(checkpoint: ReadableCheckpoint, name: string): number {
  if (!checkpoint.has(name)) throw mismatch(checkpoint, `the counter ${name} is missing`);
  const { data } = checkpoint.read(name);
  if (!(data instanceof Uint8Array) || data.byteLength !== 8) throw mismatch(checkpoint, `${name} is no int64 scalar`);
  return Number(new DataView(data.buffer, data.byteOffset, 8).getBigInt64(0, true));
}

function readProgress(checkpoint: ReadableCheckpoint): TrainingProgress {
  if (!checkpoint.has(progressKey))
    throw mismatch(checkpoint, `${progressKey} is missing, so it is unknown where the training stood`);
  const { data } = checkpoint.read(progressKey);
  const bytes = data instanceof Uint8Array ? data : data[0];
  return JSON.parse(new TextDecoder().decode(bytes)) as TrainingProgress;
}

function assertMatches(checkpoint: ReadableCheckpoint, name: string, variable: Variable): void {
  const key = `${name}${valueSuffix}`;
  const entry = checkpoint.entries.get(key);
  if (entry === undefined) throw mismatch(checkpoint, `the tensor ${key} is missing`, `shape [${variable.shape}]`);
  const { shape, dtype } = entry;
  if (String(shape) === String(variable.shape) && dtype === variable.dtype) return;
  throw mismatch(checkpoint, `the tensor ${key} is ${dtype} [${shape}]`, `${variable.dtype} [${variable.shape}]`);
}

function mismatch(checkpoint: Pick<ReadableCheckpoint, 'path'>, what: string, expected?: string): SuperviseError {
  return new SuperviseError('CHECKPOINT_MISMATCH', {
    what,
    where: checkpoint.path,
    ...(expected !== undefined && { expected }),
    hint: 'use the configuration that the checkpoint was trained with, or start afresh with --no-restore',
  });
}

/**
 * Runs steps for their side effects on caches and compilers only: the state is afterwards what it was before, bit for bit. Where
 * steps are recorded, the first one is, the second is compared with its replay, and the third is as all others.
 */
export async function warmUp(tensors: TrainingTensors, step: () => Promise<unknown>): Promise<void> {
  const unused = { bestEpoch: 0, bestScore: null, bestMonitored: null, epochsWithoutImprovement: 0 };
  const progress = { ...unused, epoch: 1, step: 0, globalStep: 0, lossSums: {}, seed: 0 };
  const entries = new Map(await snapshotTraining(tensors, progress));
  for (let done = 0; done < warmUpSteps; done++) await step();
  const read = (name: string) => readFrom(entries, name);
  await restoreTraining({ path: 'memory', entries, has: (name) => entries.has(name), read }, tensors);
}

const warmUpSteps = 3;

function readFrom(entries: ReadonlyMap<string, TensorData>, name: string): TensorData {
  const entry = entries.get(name);
  if (entry === undefined) throw new Error(`${name} is not in the snapshot`);
  return entry;
}
