import { linkSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { systemErrorCode } from '../../protocol/index.js';

/** Folder inside a checkpoint directory in which what is being uploaded stays until that is done. */
export const uploadFolder = '.upload';

/** Files that stay what they are while they are read. */
export interface PinnedFiles {
  /** The folder in which they have their names. */
  readonly root: string;
  readonly release: () => void;
}

/**
 * Gives the files of a checkpoint second names, so that an upload that takes longer than the trainer keeps it comes to its end.
 * Where a file system has no such links, or refuses, the files are read where they are.
 * @throws the system error (ENOENT) when one of them is gone already
 */
export function pinFiles(directory: string, files: readonly string[]): PinnedFiles {
  const root = join(directory, uploadFolder);
  const release = () => rmSync(root, { recursive: true, force: true });
  try {
    // What a process that was killed has left.
    release();
    for (const file of files) {
      mkdirSync(dirname(join(root, file)), { recursive: true });
      linkSync(join(directory, file), join(root, file));
    }
    return { root, release };
  } catch (error) {
    try {
      release();
    } catch {
      // A directory that cannot be written has nothing to be released.
    }
    if (systemErrorCode(error) === 'ENOENT') throw error;
    return { root: directory, release: () => undefined };
  }
}
