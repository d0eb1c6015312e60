import { buildObjectGraph, type TensorData, valueSuffix } from '../../checkpoint/index.js';
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

function int64Scalar(value: number): TensorData & { readonly data: Uint8Array } {
  return { dtype: 'int64', shape: [], data: new Uint8Array(BigInt64Array.of(BigInt(value)).buffer) };
}

function float32Scalar(value: number): TensorData & { readonly data: Uint8Array } {
  return { dtype: 'float32', shape: [], data: new Uint8Array(Float32Array.of(value).buffer) };
}
