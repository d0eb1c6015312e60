import { closeSync, fsyncSync, openSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { systemErrorCode } from './errors.js';

/**
 * Replaces `path` by `content`: a reader sees the old file or the new one, whole, whatever crashes in between.
 * Order: temporary file beside it → fsync → rename → fsync of the directory (skipped with `durable: false`).
 * @throws the system error (ENOSPC, EROFS, EACCES …) with the old file untouched and the temporary one removed
 */
export function writeFileAtomic(path: string, content: string | Uint8Array, { durable = true } = {}): void {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    const file = openSync(temporary, 'w', 0o644);
    try {
      writeFileSync(file, content);
      if (durable) fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (error) {
    removeFile(temporary);
    throw error;
  }
  if (durable) fsyncDirectory(dirname(path));
}

/** Makes renames and removals inside `directory` durable. Windows cannot open directories and needs no such call. */
export function fsyncDirectory(directory: string): void {
  if (process.platform === 'win32') return;
  const handle = openSync(directory, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** Removes a file, if it is there. Node's `rmSync` loads what removes folders, too. */
export function removeFile(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error;
  }
}
