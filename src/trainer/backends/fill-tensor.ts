import { backend, engine, getBackend, type Tensor, type TensorInfo, tensor } from '@tensorflow/tfjs-core';
import type { WasmHeap } from './host.js';
import { type NativeTensor, nativeBackend, nativeTypes } from './tensorflow-ops.js';
import { viewWasmTensor } from './wasm-memory.js';

/** What tensors are made of here: TensorFlow V2 checkpoints know more types than tfjs. */
export type FilledType = 'float32' | 'int32' | 'bool';

/**
 * Reads a tensor's bytes, into `into` if there is one, and returns them, wherever they are. Who throws leaves nothing behind.
 * `into` is good until it returns.
 */
export type Fill = (into?: Uint8Array) => Uint8Array;

/**
 * Makes a tensor whose values `fill` reads straight into the memory where the backend keeps them: WebAssembly's, or TensorFlow's.
 * The other backends (cpu, WebGPU, a binding of TensorFlow that is not ours) keep the array that `fill` returns, or look at it
 * later: they get one of its own for each tensor.
 *
 * `spare`, a tensor that is not needed any more, is disposed of first: its memory serves the new one if nobody else uses it, and
 * shape and type are the same.
 */
export function fillTensor(shape: readonly number[], dtype: FilledType, fill: Fill, spare?: Tensor): Tensor {
  const bytes = shape.reduce((size, length) => size * length, dtype === 'bool' ? 1 : 4);
  if (bytes > 0 && getBackend() === 'tensorflow' && nativeBackend().binding.refillTensor !== undefined)
    return fillInTensorflow([...shape], dtype, fill, spare);
  spare?.dispose();
  if (bytes > 0 && getBackend() === 'wasm') return fillOnHeap([...shape], dtype, fill);
  return tensor(toTypedArray(fill(), dtype), [...shape], dtype);
}

function fillOnHeap(shape: number[], dtype: FilledType, fill: Fill): Tensor {
  const info = (backend() as unknown as WasmHeap).makeOutput(shape, dtype);
  try {
    const view = viewWasmTensor({ ...info, size: shape.reduce((size, length) => size * length, 1) });
    // Its malloc says so by the address: writing there would overwrite what the program itself keeps.
    if (view.byteOffset === 0) throw new Error(`out of memory: WebAssembly has none left for a tensor [${shape}]`);
    fillWhole(view, fill);
    return engine().makeTensorFromTensorInfo(info);
  } catch (error) {
    discard(info);
    throw error;
  }
}

function discard({ dataId }: TensorInfo): void {
  backend().disposeData(dataId);
}

function fillInTensorflow(shape: number[], dtype: FilledType, fill: Fill, spare: Tensor | undefined): Tensor {
  const native = nativeBackend();
  const refill = native.binding.refillTensor as NonNullable<typeof native.binding.refillTensor>;
  const type = nativeTypes[dtype];
  const spareId = spare && takeHandle(spare);
  const id = refill.call(native.binding, shape, type, (memory) => fillWhole(memory, fill), spareId);
  return native.createOutputTensor({ id, shape, dtype: type } satisfies NativeTensor);
}

/** Disposes of a tensor but for its handle, which is returned; undefined if it has none, or others use it. */
function takeHandle(spare: Tensor): number | undefined {
  const kept = nativeBackend().tensorMap.get(spare.dataId);
  const { id, values, refCount } = kept;
  const isOurs = refCount === 1 && values === null && id >= 0;
  // The backend lets go of a tensor without a handle by forgetting it.
  if (isOurs) kept.id = -1;
  spare.dispose();
  return isOurs ? id : undefined;
}

/** Who does not read into given memory, such as a reader of HDF5 files, is copied from. */
function fillWhole(memory: Uint8Array, fill: Fill): void {
  const bytes = fill(memory);
  if (bytes.length !== memory.length) throw new RangeError(`${bytes.length} bytes for a tensor of ${memory.length}`);
  if (bytes.buffer !== memory.buffer || bytes.byteOffset !== memory.byteOffset) memory.set(bytes);
}

/** Bytes as the typed array that tfjs takes. */
function toTypedArray(data: Uint8Array, dtype: FilledType): Float32Array | Int32Array | Uint8Array {
  if (dtype === 'bool') return data;
  const { buffer, byteOffset, byteLength } = data.byteOffset % 4 === 0 ? data : data.slice();
  return dtype === 'int32'
    ? new Int32Array(buffer, byteOffset, byteLength / 4)
    : new Float32Array(buffer, byteOffset, byteLength / 4);
}
