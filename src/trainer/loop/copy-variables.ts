import { getBackend, type Variable } from '@tensorflow/tfjs-core';
import { type DType, type TensorData, valueSuffix } from '../../checkpoint/index.js';
import { nativeBackend } from '../backends/tensorflow-ops.js';
import { viewWasmTensor } from '../backends/wasm-memory.js';
import { idOf } from '../capture/variable-values.js';
import type { TrainingTensors } from './training-tensors.js';

/** Gives memory of so many bytes. */
export type Take = (bytes: number) => Uint8Array;

/** Whether {@link copyVariables} copies into the memory that it is given; some bindings of TensorFlow give memory of their own. */
export function isCopiedToGiven(): boolean {
  return getBackend() !== 'tensorflow' || nativeBackend().binding.copyTensors !== undefined;
}

/** Copies the variables' present values out of the backend, as checkpoint entries in their own dtype and shape. */
export async function copyVariables(tensors: TrainingTensors, take: Take): Promise<[string, TensorData][]> {
  if (getBackend() === 'tensorflow' && isCopiedToGiven()) return copyFromTensorflow(tensors, take);
  tensors.settle?.();
  const entries: [string, TensorData][] = [];
  for (const [name, variable] of tensors.variables) {
    // At once where the backend's memory can be seen: hundreds of turns of the event loop cost more than the copies.
    const data = getBackend() === 'wasm' ? copyTo(take, viewWasmTensor(variable)) : await fetch(variable, take);
    entries.push(entryOf(name, variable, data));
  }
  return entries;
}

/** Copies bytes into memory that is taken. */
export function copyTo(take: Take, bytes: Uint8Array): Uint8Array {
  const copy = take(bytes.length);
  copy.set(bytes);
  return copy;
}

function copyFromTensorflow(
  { variables, withHandles = showHandles }: TrainingTensors,
  take: Take,
): [string, TensorData][] {
  const { binding } = nativeBackend();
  const targets = Array.from(variables.values(), ({ size, dtype }) => take(size * (dtype === 'bool' ? 1 : 4)));
  withHandles([...variables.values()], (handles) => binding.copyTensors?.(handles, targets));
  return Array.from(variables, ([name, variable], index) => entryOf(name, variable, targets[index] as Uint8Array));
}

const showHandles: NonNullable<TrainingTensors['withHandles']> = (variables, use) => use(variables.map(idOf));

async function fetch(variable: Variable, take: Take): Promise<Uint8Array> {
  // Values that this backend has not taken over yet would be handed out themselves; of the others it makes a copy for us.
  const isNative = getBackend() === 'tensorflow';
  if (isNative) idOf(variable);
  const { buffer, byteOffset, byteLength } = await variable.data();
  const bytes = new Uint8Array(buffer, byteOffset, byteLength);
  // The writer's thread takes the whole memory along.
  return isNative && byteLength === buffer.byteLength ? bytes : copyTo(take, bytes);
}

function entryOf(name: string, { dtype, shape }: Variable, data: Uint8Array): [string, TensorData] {
  return [`${name}${valueSuffix}`, { dtype: dtype as DType, shape, data }];
}
