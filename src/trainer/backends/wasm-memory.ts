import { backend, type TensorInfo } from '@tensorflow/tfjs-core';

/** What tfjs-backend-wasm keeps of its tensors (backend_wasm.ts, not in its types). */
interface WasmBackend {
  readonly dataIdMap: { get(dataId: object): { readonly memoryOffset: number } };
  readonly wasm: { readonly HEAPU8: Uint8Array };
}

/** The bytes of a tensor of numbers where they lie in WebAssembly's memory: a view that is good until the next operation. */
export function viewWasmTensor({ dataId, size, dtype }: TensorInfo & { readonly size: number }): Uint8Array {
  const { dataIdMap, wasm } = backend() as unknown as WasmBackend;
  const { memoryOffset } = dataIdMap.get(dataId);
  return wasm.HEAPU8.subarray(memoryOffset, memoryOffset + size * (dtype === 'bool' ? 1 : 4));
}
