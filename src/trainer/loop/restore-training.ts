import { setImmediate as breathe } from 'node:timers/promises';
import { clone, keep, type Tensor, type Variable } from '@tensorflow/tfjs-core';
import { type DType, type FilePlace, inOrderOfFiles, type TensorData, valueSuffix } from '../../checkpoint/index.js';
import { SuperviseError } from '../../protocol/index.js';
import { type FilledType, fillTensor } from '../backends/fill-tensor.js';
import { progressKey, type TrainingProgress } from './training-state.js';
import type { TrainingTensors } from './training-tensors.js';

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
