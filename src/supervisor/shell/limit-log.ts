import { closeSync, constants, fstatSync, ftruncateSync, openSync, readSync, statSync, writeSync } from 'node:fs';

/** What is kept of a log that was cut, in `output.log.1`. */
const keptBytes = 64 * 1024 * 1024;
const chunkBytes = 4 * 1024 * 1024;

/**
 * Cuts a trainer's log that has grown beyond `limitBytes`: its last 64 MiB replace those in `<path>.1`, and it begins anew. The
 * trainer writes on into the same file, at its new end, because it appends. Lines that it writes during the cut are in one of the
 * two files, or lost when they come between the last look and the cut. Returns the bytes that were in it; undefined when nothing
 * was to be done, or the disk refused.
 */
export function limitLog(path: string, limitBytes: number): number | undefined {
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) <= limitBytes) return undefined;
  try {
    return cut(path);
  } catch {
    // A log that cannot be cut (a full disk, a file that is no log of ours) stays as it is.
    return undefined;
  }
}

function cut(path: string): number | undefined {
  const log = openSync(path, constants.O_RDWR | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
  try {
    const { size } = fstatSync(log);
    if (!fstatSync(log).isFile()) return undefined;
    const kept = openSync(`${path}.1`, 'w', 0o644);
    try {
      const bytes = copyTail(log, kept, Math.max(0, size - keptBytes));
      ftruncateSync(log, 0);
      return Math.max(size, bytes);
    } finally {
      closeSync(kept);
    }
  } finally {
    closeSync(log);
  }
}

/** Until the end, which moves on meanwhile. Returns where that was. */
function copyTail(from: number, to: number, start: number): number {
  const chunk = Buffer.allocUnsafeSlow(chunkBytes);
  let position = start;
  for (;;) {
    const read = readSync(from, chunk, 0, chunkBytes, position);
    if (read === 0) return position;
    for (let written = 0; written < read; ) written += writeSync(to, chunk, written, read - written);
    position += read;
  }
}
