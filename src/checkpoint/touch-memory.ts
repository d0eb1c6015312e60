import { closeSync, openSync, read } from 'node:fs';
import { availableParallelism } from 'node:os';

/** Touches new memory in a thread of Node's pool. */
export interface Toucher {
  /**
   * Begins to write zeros into all of `memory`; undefined where that gains nothing. Never rejects. Until it has resolved nobody else
   * may write there.
   */
  readonly touch: (memory: Uint8Array) => Promise<void> | undefined;
  /** To be called when no touch is under way. */
  readonly close: () => void;
}

/** Of less than that the allocator has some that is not new, and the way to another thread takes as long. */
const leastBytes = 1 << 18;

const zeros = '/dev/zero';

/**
 * Memory that is new to a process costs about as much to find and clear, page by page, as it takes to read into it. The kernel does
 * it at the first write, so another processor can do it before. Touches nothing where there is but one, or no `/dev/zero`.
 */
export function createToucher(): Toucher {
  let file: number | undefined;
  let isUseful = availableParallelism() > 1;
  const open = () => {
    try {
      file ??= openSync(zeros, 'r');
    } catch {
      isUseful = false;
    }
    return file;
  };
  return {
    touch: (memory) => {
      if (!isUseful || memory.length < leastBytes) return undefined;
      const source = open();
      if (source === undefined) return undefined;
      // It fails to gain time at worst.
      return new Promise((resolve) => read(source, memory, 0, memory.length, null, () => resolve()));
    },
    close: () => {
      if (file !== undefined) closeSync(file);
      file = undefined;
    },
  };
}
