import type { TensorData } from '../../checkpoint/index.js';

/**
 * Memory that threads share, and that is used again and again: what is new to a process costs several times what copying into it
 * does.
 */
export interface MemoryPool {
  /** Memory of exactly so many bytes, with any content. */
  readonly take: (bytes: number) => Uint8Array;
  /** Takes back what was taken; other memory is left to whoever owns it. */
  readonly giveBack: (buffers: readonly ArrayBufferLike[]) => void;
}

/** Makes an empty pool. It holds what was taken at a time. */
export function createMemoryPool(): MemoryPool {
  const free = new Map<number, SharedArrayBuffer[]>();
  const taken = new Set<ArrayBufferLike>();
  return {
    take: (bytes) => {
      const buffer = free.get(bytes)?.pop() ?? new SharedArrayBuffer(bytes);
      taken.add(buffer);
      return new Uint8Array(buffer);
    },
    giveBack: (buffers) => {
      for (const buffer of buffers) {
        if (!taken.delete(buffer)) continue;
        const alike = free.get(buffer.byteLength) ?? [];
        free.set(buffer.byteLength, [...alike, buffer as SharedArrayBuffer]);
      }
    },
  };
}

/**
 * Gives memory out of one buffer of the pool, as long as there is room, then from the pool: a message to another thread that
 * names one piece is made in a fraction of the time. Each part begins at a multiple of 8 bytes.
 */
export function takeFromOne(pool: MemoryPool, bytes: number): MemoryPool['take'] {
  const { buffer } = pool.take(bytes);
  let used = 0;
  return (wanted) => {
    if (used + wanted > bytes) return pool.take(wanted);
    const part = new Uint8Array(buffer, used, wanted);
    used = Math.ceil((used + wanted) / 8) * 8;
    return part;
  };
}

/** The memory of tensors. */
export function memoryOf(tensors: Iterable<readonly [string, TensorData]>): ArrayBufferLike[] {
  const buffers = [...tensors].flatMap(([, { data }]) => (data instanceof Uint8Array ? [data] : data));
  return [...new Set(buffers.map(({ buffer }) => buffer))];
}
