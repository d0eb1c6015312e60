import { closeSync, fdatasync, openSync } from 'node:fs';

/** Brings a growing file to the disk while more of it is written, so that little is left for the flush at its end. */
export interface FlushAhead {
  /** Says that so many more bytes were written. */
  readonly wrote: (bytes: number) => void;
  /** Says that there will be no more. */
  readonly end: () => void;
}

const strideBytes = 16 * 1024 * 1024;
/** One of the four threads of Node's pool is left for others, however slow the disk is. */
const mostUnderWay = 3;

/**
 * Follows the file `path` while it is written. It promises nothing and throws nothing: the flush at the end is what counts. That
 * one has to tell errors of the disk, which Linux tells each open file once, so this one has a file descriptor of its own.
 */
export function startFlushAhead(path: string): FlushAhead {
  const state = { written: 0, begun: 0, underWay: 0, hasEnded: false };
  let file: number | undefined;
  const closeIfDone = () => {
    if (!state.hasEnded || state.underWay > 0 || file === undefined) return;
    closeSync(file);
    file = undefined;
  };
  const begin = () => {
    file ??= openQuietly(path);
    state.begun = state.written;
    if (file === undefined) return;
    state.underWay++;
    fdatasync(file, () => {
      state.underWay--;
      closeIfDone();
    });
  };
  return {
    wrote: (bytes) => {
      state.written += bytes;
      // What is under way is not known to be done until the event loop turns: without turns the strides grow.
      const isDue = state.written - state.begun >= strideBytes * 4 ** state.underWay;
      if (isDue && state.underWay < mostUnderWay) begin();
    },
    end: () => {
      state.hasEnded = true;
      closeIfDone();
    },
  };
}

function openQuietly(path: string): number | undefined {
  try {
    return openSync(path, 'r');
  } catch {
    return undefined;
  }
}
