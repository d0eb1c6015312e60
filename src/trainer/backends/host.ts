import type { DataType, Tensor, TensorInfo } from '@tensorflow/tfjs-core';
import { backend, engine, getBackend, tensor } from '@tensorflow/tfjs-core';

/** The part of the wasm backend that kernels of ours use; it is not in tfjs's public types. */
export interface WasmHeap {
  readonly makeOutput: (shape: number[], dtype: DataType) => TensorInfo;
  /** A view, not a copy; it is void once the heap has grown. */
  readonly typedArrayFromHeap: (info: TensorInfo) => Float32Array;
}

/** Whether tensors lie in this process' own memory, so that a loop in JS over them costs no transfer. */
export function isOnHost(): boolean {
  return getBackend() === 'wasm' || getBackend() === 'cpu';
}

/**
 * Computes float32 tensors of these shapes by a loop in JS over the inputs' values (float32 or int32). `outputs` arrive with
 * undefined content and must be filled. On wasm both are views of the heap: no copies.
 */
export function computeOnHost(
  inputs: readonly Tensor[],
  shapes: readonly number[][],
  fill: (outputs: Float32Array[], inputs: Float32Array[]) => void,
): Tensor[] {
  return getBackend() === 'wasm' ? onHeap(inputs, shapes, fill) : onCopies(inputs, shapes, fill);
}

const onHeap: typeof computeOnHost = (inputs, shapes, fill) => {
  const heap = backend() as unknown as WasmHeap;
  // All outputs before any view: allocating may grow the heap, which detaches the views made so far.
  const infos = shapes.map((shape) => heap.makeOutput(shape, 'float32'));
  fill(
    infos.map((info) => heap.typedArrayFromHeap(info)),
    inputs.map((input) => heap.typedArrayFromHeap(input)),
  );
  return infos.map((info) => engine().makeTensorFromTensorInfo(info));
};

const onCopies: typeof computeOnHost = (inputs, shapes, fill) => {
  const outputs = shapes.map((shape) => new Float32Array(shape.reduce((size, length) => size * length, 1)));
  fill(
    outputs,
    inputs.map((input) => input.dataSync() as Float32Array),
  );
  return outputs.map((values, index) => tensor(values, shapes[index] as number[]));
};
