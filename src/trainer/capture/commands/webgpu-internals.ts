import { backend, type DataType, type TensorInfo } from '@tensorflow/tfjs-core';
import type { CommandDevice, CommandEncoder, CommandQueue, ComputePass, GpuBuffer } from './command-list.js';

/** Usages of a tensor's buffer, as tfjs has them: STORAGE, COPY_SRC, COPY_DST. */
const tensorUsage = 0x80 | 0x4 | 0x8;

/** The part of tfjs' WebGPU backend where commands and memory are; it is not in its public types. */
export interface WebgpuInternals {
  readonly device: CommandDevice;
  queue: CommandQueue;
  commandEncoder: CommandEncoder | null;
  computePassEncoder: ComputePass | null;
  commandQueueOwnedIds: WeakSet<object>;
  readonly bufferManager: BufferPool;
  readonly tensorMap: { readonly get: (id: object) => TensorMemory; readonly has: (id: object) => boolean };
  uniformPendingDisposal: object[];
  makeUniforms: (uniforms: readonly object[]) => { readonly buffer: object };
  uploadToGPU: (id: object) => void;
  read: (id: object) => Promise<unknown>;
  readSync: (id: object) => unknown;
  readonly makeTensorInfo: (shape: readonly number[], dtype: DataType) => TensorInfo;
  readonly ensureCommandEncoderReady: () => void;
  readonly endComputePassEncoder: () => void;
  readonly submitQueue: () => void;
}

/** What the backend knows of a tensor's memory. */
export interface TensorMemory {
  readonly dtype: DataType;
  readonly refCount: number;
  /** In JS, until the card needs them or once they have been read back. */
  values: ArrayLike<number> | null;
  /** On the card. */
  resource: GpuBuffer | null;
  /** Whether the buffer is somebody else's, and is not given to others when the tensor is disposed of. */
  external?: boolean;
}

/** Buffers that no tensor has any more are given to the next. */
export interface BufferPool {
  freeBuffers: Map<string, GpuBuffer[]>;
  numFreeBuffers: number;
  numBytesAllocated: number;
}

export function webgpuInternals(): WebgpuInternals {
  return backend() as unknown as WebgpuInternals;
}

/** The memory of a tensor on the card, where its values are brought if they are not there yet. */
export function bufferOf(gpu: WebgpuInternals, { dataId }: TensorInfo): GpuBuffer {
  gpu.uploadToGPU(dataId);
  return gpu.tensorMap.get(dataId).resource as GpuBuffer;
}

/** A buffer of a recording: nobody else is given it, and it goes when nothing refers to it any more. */
export function ownBuffer({ device }: WebgpuInternals, size: number): GpuBuffer {
  return device.createBuffer({ size, usage: tensorUsage });
}

/** Copies a buffer before what is started next. */
export function copyWhole(gpu: WebgpuInternals, from: GpuBuffer, to: GpuBuffer): void {
  gpu.endComputePassEncoder();
  gpu.ensureCommandEncoderReady();
  gpu.commandEncoder?.copyBufferToBuffer(from, 0, to, 0, to.size);
}

/** Hands all that was started so far to the card. */
export function flush(gpu: WebgpuInternals): void {
  gpu.endComputePassEncoder();
  gpu.ensureCommandEncoderReady();
  gpu.submitQueue();
}

/** Bytes of values as the card has them: booleans are whole numbers there. */
export function toGpuArray(dtype: DataType, values: ArrayLike<number>): Float32Array | Int32Array {
  if (dtype === 'float32') return values instanceof Float32Array ? values : Float32Array.from(values);
  return values instanceof Int32Array ? values : Int32Array.from(values);
}

/** Gives the card's driver the memory back that tensors had and the next ones would get. */
export function releaseFreeBuffers(gpu: WebgpuInternals): void {
  flush(gpu);
  const { bufferManager: pool } = gpu;
  for (const buffers of pool.freeBuffers.values())
    for (const buffer of buffers.splice(0)) {
      pool.numFreeBuffers--;
      pool.numBytesAllocated -= buffer.size;
      buffer.destroy();
    }
}
