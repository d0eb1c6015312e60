import { backend, type TensorInfo } from '@tensorflow/tfjs-core';

/** What tfjs-backend-wasm keeps of its tensors (backend_wasm.ts, not in its types). */
interface WasmBackend {
  readonly dataIdMap: { get(dataId: object): { readonly memoryOffset: number } };
  readonly wasm: { readonly HEAPU8: Uint8Array };
}

/**
 * How much of the memory, which grows to 4 GiB and never gets smaller, may be taken by what is held for other threads: a quarter is
 * left for whatever the training needs beside.
 */
const mostBytes = 3 * 2 ** 30;

/**
 * Whether tensors of so many bytes in all may stay in WebAssembly's memory while another thread reads them and the training makes
 * the next ones.
 */
export function mayHold(bytes: number): boolean {
  const { HEAPU8 } = (backend() as unknown as WasmBackend).wasm;
  return HEAPU8.buffer instanceof SharedArrayBuffer && HEAPU8.length + bytes <= mostBytes;
}

/** The bytes of a tensor of numbers where they lie in WebAssembly's memory: a view that is good until the next operation, or, where {@link mayHold}, as long as the tensor is. */
export function viewWasmTensor({ dataId, size, dtype }: TensorInfo & { readonly size: number }): Uint8Array {
  const { dataIdMap, wasm } = backend() as unknown as WasmBackend;
  const { memoryOffset } = dataIdMap.get(dataId);
  return wasm.HEAPU8.subarray(memoryOffset, memoryOffset + size * (dtype === 'bool' ? 1 : 4));
}
