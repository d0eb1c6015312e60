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
  return getBackend() !== 'tensorflow' || nativeBackend().binding.copyValues !== undefined;
}

/** Copies the variables' present values out of the backend, as checkpoint entries in their own dtype and shape. */
export async function copyVariables(tensors: TrainingTensors, take: Take): Promise<[string, TensorData][]> {
  if (getBackend() === 'tensorflow' && isCopiedToGiven()) return copyFromTensorflow(tensors, take).entries;
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

/**
 * On native TensorFlow: has the variables' present values copied by another thread, which makes `ready` 1 when it is done;
 * `ready` is undefined when they have been copied at once, because they were on a card. Undefined on other backends, and for
 * bindings that cannot.
 */
export function copyInBackground(
  tensors: TrainingTensors,
  take: Take,
): { readonly entries: [string, TensorData][]; readonly ready: Int32Array | undefined } | undefined {
  if (getBackend() !== 'tensorflow' || !isCopiedToGiven()) return undefined;
  const ready = new Int32Array(new SharedArrayBuffer(4));
  const { entries, isUnderWay } = copyFromTensorflow(tensors, take, ready);
  return { entries, ready: isUnderWay ? ready : undefined };
}

function copyFromTensorflow(
  { variables, locate = locateTensors }: TrainingTensors,
  take: Take,
  ready?: Int32Array,
): { readonly entries: [string, TensorData][]; readonly isUnderWay: boolean } {
  const { binding } = nativeBackend();
  const targets = Array.from(variables.values(), ({ size, dtype }) => take(size * (dtype === 'bool' ? 1 : 4)));
  const { sources, session } = locate([...variables.values()]);
  const isUnderWay = binding.copyValues?.(sources, targets, session, ready) === true;
  const entries = Array.from(variables, ([name, variable], index) =>
    entryOf(name, variable, targets[index] as Uint8Array),
  );
  return { entries, isUnderWay };
}

const locateTensors: NonNullable<TrainingTensors['locate']> = (variables) => ({
  sources: variables.map(idOf),
  session: undefined,
});

async function fetch(variable: Variable, take: Take): Promise<Uint8Array> {
  // Values that this backend has not taken over yet would be handed out themselves; of the others it makes a copy for us.
  const isNative = getBackend() === 'tensorflow';
  if (isNative) idOf(variable);
  const { buffer, byteOffset, byteLength } = await variable.data();
  const bytes = new Uint8Array(buffer, byteOffset, byteLength);
  // The writer's thread takes the whole memory along.
  return isNative && byteLength === buffer.byteLength ? bytes : copyTo(take, bytes);
}

/** The entry of a variable with these values. */
export function entryOf(name: string, { dtype, shape }: Variable, data: Uint8Array): [string, TensorData] {
  return [`${name}${valueSuffix}`, { dtype: dtype as DType, shape, data }];
}
