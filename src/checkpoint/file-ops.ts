import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { fsyncDirectory } from '../protocol/index.js';
import { type FlushAhead, startFlushAhead } from './flush-ahead.js';
import { runSteps, type Steps } from './steps.js';

/** The file operations of a commit, in the order they are called: tests put a failing one in their place. */
export interface FileOps {
  readonly mkdir: (path: string) => void;
  readonly open: (path: string) => number;
  readonly write: (file: number, bytes: Uint8Array) => void;
  readonly fsync: (file: number) => void;
  readonly close: (file: number) => void;
  readonly rename: (from: string, to: string) => void;
  readonly remove: (path: string) => void;
  readonly fsyncDirectory: (path: string) => void;
  /** Begins to bring a file to the disk that is still being written. */
  readonly startFlushAhead: (path: string) => FlushAhead;
}

/** A write of more than 2 GiB is refused by Node. */
const mostAtOnce = 1 << 30;

/** The real ones. `write` writes all of it; `remove` ignores what is not there. */
export const realFiles: FileOps = {
  mkdir: (path) => {
    mkdirSync(path, { recursive: true });
  },
  open: (path) => openSync(path, 'w', 0o644),
  write: (file, bytes) => {
    for (let done = 0; done < bytes.length; )
      done += writeSync(file, bytes, done, Math.min(mostAtOnce, bytes.length - done));
  },
  fsync: fsyncSync,
  close: closeSync,
  rename: renameSync,
  remove: (path) => rmSync(path, { force: true, recursive: true }),
  fsyncDirectory,
  startFlushAhead,
};

/** Ending of files under construction: never taken for a checkpoint, swept by the next commit. */
export const temporarySuffix = '.tmp';

/** Writes `parts` to a temporary file beside `path`, flushes it and renames it into place; a failure leaves `path` untouched. */
export function replaceFile(files: FileOps, path: string, parts: Iterable<Uint8Array>): void {
  runSteps(replaceFileSteps(files, path, parts));
}

/** The same with a step after each part. */
export function* replaceFileSteps(files: FileOps, path: string, parts: Iterable<Uint8Array>): Steps<void> {
  const temporary = `${path}${temporarySuffix}`;
  try {
    const file = files.open(temporary);
    try {
      const ahead = files.startFlushAhead(temporary);
      try {
        for (const part of parts) {
          files.write(file, part);
          ahead.wrote(part.length);
          yield;
        }
      } finally {
        ahead.end();
      }
      files.fsync(file);
    } finally {
      files.close(file);
    }
    files.rename(temporary, path);
  } catch (error) {
    removeQuietly(files, temporary);
    throw error;
  }
}

/** Removes what a failed operation has left. */
export function removeQuietly(files: FileOps, path: string): void {
  try {
    files.remove(path);
  } catch {
    // The error that brought us here is the one to report; the next commit sweeps what is left.
  }
}
