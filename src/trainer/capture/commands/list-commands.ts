import type { Command, GpuBuffer } from './command-list.js';
import { createListingEncoder } from './command-list.js';
import { flush, ownBuffer, toGpuArray, type WebgpuInternals } from './webgpu-internals.js';

/**
 * Puts what `run` starts on the card on a list. It does not happen, so nothing of it can be read. Its buffers are used by
 * nothing else from then on, and values that it brings to the card stay in theirs.
 */
export function listCommands<Result>(
  gpu: WebgpuInternals,
  run: () => Result,
): { readonly result: Result; readonly commands: readonly Command[] } {
  flush(gpu);
  const commands: Command[] = [];
  const giveBack = [
    divertCommands(gpu, commands),
    divertBuffers(gpu),
    divertUploads(gpu),
    keepUniforms(gpu),
    refuseReads(gpu),
  ];
  try {
    return { result: run(), commands };
  } finally {
    // What `run` has freed is freed now, not into the memory of others.
    flush(gpu);
    gpu.commandEncoder = null;
    gpu.computePassEncoder = null;
    for (const undo of giveBack) undo();
  }
}

function divertCommands(gpu: WebgpuInternals, commands: Command[]): () => void {
  const { queue, device } = gpu;
  gpu.queue = {
    submit: () => undefined,
    // Uniforms, whose buffers are never written to again.
    writeBuffer: (buffer, offset, data) => queue.writeBuffer(buffer, offset, data),
  };
  const encoder = createListingEncoder(commands);
  Object.defineProperty(device, 'createCommandEncoder', { value: () => encoder, configurable: true });
  return () => {
    gpu.queue = queue;
    Reflect.deleteProperty(device, 'createCommandEncoder');
  };
}

/** Buffers that are free before are left to others; those that become free meanwhile are used again by the list only. */
function divertBuffers({ bufferManager: pool }: WebgpuInternals): () => void {
  const { freeBuffers, numFreeBuffers } = pool;
  const own = new Map<string, GpuBuffer[]>();
  // tfjs expects that whoever releases a buffer has taken it from the same pool.
  const bufferLists = (key: string) => {
    const known = Map.prototype.get.call(own, key) as GpuBuffer[] | undefined;
    if (known !== undefined) return known;
    const made: GpuBuffer[] = [];
    own.set(key, made);
    return made;
  };
  Object.defineProperty(own, 'get', { value: bufferLists });
  bufferLists('');
  pool.freeBuffers = own;
  pool.numFreeBuffers = 0;
  return () => {
    for (const key of own.keys()) if (!freeBuffers.has(key)) freeBuffers.set(key, []);
    pool.freeBuffers = freeBuffers;
    pool.numFreeBuffers = numFreeBuffers;
  };
}

/** Values that come from JS are constants of the list: in buffers that no program of it writes to. */
function divertUploads(gpu: WebgpuInternals): () => void {
  const upload = gpu.uploadToGPU;
  gpu.uploadToGPU = (id) => {
    const memory = gpu.tensorMap.get(id);
    if (memory.resource !== null && memory.resource !== undefined) return;
    if (memory.values === null || memory.values === undefined) return upload.call(gpu, id);
    const data = toGpuArray(memory.dtype, memory.values);
    memory.resource = ownBuffer(gpu, data.byteLength);
    gpu.device.queue.writeBuffer(memory.resource, 0, data);
    memory.external = true;
    memory.values = null;
  };
  return () => {
    gpu.uploadToGPU = upload;
  };
}

/** Uniforms are written when they are made, so none of a list's may be given to another program. */
function keepUniforms(gpu: WebgpuInternals): () => void {
  const make = gpu.makeUniforms;
  gpu.makeUniforms = (uniforms) => {
    const made = make.call(gpu, uniforms);
    gpu.uniformPendingDisposal = gpu.uniformPendingDisposal.filter((buffer) => buffer !== made.buffer);
    return made;
  };
  return () => {
    gpu.makeUniforms = make;
  };
}

/** Values that are in JS may be read as ever. */
function refuseReads(gpu: WebgpuInternals): () => void {
  const { read, readSync } = gpu;
  const refuse =
    <Values>(from: (id: object) => Values) =>
    (id: object) => {
      if (!gpu.tensorMap.get(id).values) throw new Error('the step reads a tensor that it has computed');
      return from.call(gpu, id);
    };
  gpu.read = refuse(read);
  gpu.readSync = refuse(readSync);
  return () => Object.assign(gpu, { read, readSync });
}
