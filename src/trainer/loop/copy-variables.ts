import { getBackend, type Variable } from '@tensorflow/tfjs-core';
import { type DType, type TensorData, valueSuffix } from '../../checkpoint/index.js';
import { nativeBackend } from '../backends/tensorflow-ops.js';
import { viewWasmTensor } from '../backends/wasm-memory.js';
import { locateTensors } from '../capture/index.js';
import { idOf } from '../capture/variable-values.js';
import type { TrainingTensors } from './training-tensors.js';

/** Gives memory of so many bytes. */
export type Take = (bytes: number) => Uint8Array;

/** Whether {@link copyVariables} copies into the memory that it is given; some bindings of TensorFlow give memory of their own. */
export function isCopiedToGiven(): boolean {
  return getBackend() !== 'tensorflow' || nativeBackend().binding.gatherValues !== undefined;
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
 * `ready` is undefined when they have been copied at once, because they were few or on a card. Undefined on other backends, and
 * for bindings that cannot.
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
  const { places, bytes, entriesIn } = layOut(variables);
  const target = take(bytes);
  const { sources, session, operation } = locate([...variables.values()]);
  const { binding } = nativeBackend();
  const isUnderWay = binding.gatherValues?.(sources, target, places, session, operation, ready) === true;
  return { entries: [...entriesIn(target)], isUnderWay };
}

/** A training's variables in one piece of memory. */
interface Layout {
  /** The offset and the length in bytes of each. */
  readonly places: Float64Array;
  readonly bytes: number;
  readonly entriesIn: (memory: Uint8Array) => readonly [string, TensorData][];
}

/** To make hundreds of entries takes as long as to copy a small state; of one save to the next even their memory is the same. */
const layouts = new WeakMap<TrainingTensors['variables'], Layout>();

/** Lays out variables that are always the same. Each begins at a multiple of 8 bytes. */
function layOut(variables: TrainingTensors['variables']): Layout {
  const known = layouts.get(variables);
  if (known?.places.length === 2 * variables.size) return known;
  const places = new Float64Array(2 * variables.size);
  let [at, bytes] = [0, 0];
  for (const { size, dtype } of variables.values()) {
    const length = size * (dtype === 'bool' ? 1 : 4);
    places[at++] = bytes;
    places[at++] = length;
    bytes += 8 * Math.ceil(length / 8);
  }
  const made = new WeakMap<ArrayBufferLike, readonly [offset: number, [string, TensorData][]]>();
  const entriesIn = (memory: Uint8Array) => {
    const [offset, before = []] = made.get(memory.buffer) ?? [];
    if (offset === memory.byteOffset) return before;
    const entries = Array.from(variables, ([name, variable], index) => {
      const begin = places[2 * index] as number;
      return entryOf(name, variable, memory.subarray(begin, begin + (places[2 * index + 1] as number)));
    });
    made.set(memory.buffer, [memory.byteOffset, entries]);
    return entries;
  };
  const layout = { places, bytes, entriesIn };
  layouts.set(variables, layout);
  return layout;
}

async function fetch(variable: Variable, take: Take): Promise<Uint8Array> {
  // Values that this backend has not taken over yet would be handed out themselves; of the others it makes a copy for us.
  const isNative = getBackend() === 'tensorflow';
  if (isNative) idOf(variable);
  const { buffer, byteOffset, byteLength } = await variable.data();
  const bytes = new Uint8Array(buffer, byteOffset, byteLength);
  // The writer's thread takes the whole memory along.
  return isNative && byteLength === buffer.byteLength ? bytes : copyTo(take, bytes);
}

const names = new Map<string, string>();

/** The entry of a variable with these values. Its name is made once: to compare two that were made apart takes longer. */
export function entryOf(path: string, { dtype, shape }: Variable, data: Uint8Array): [string, TensorData] {
  const name = names.get(path) ?? `${path}${valueSuffix}`;
  names.set(path, name);
  return [name, { dtype: dtype as DType, shape, data }];
}
