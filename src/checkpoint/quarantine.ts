import { basename, join } from 'node:path';
import { systemErrorCode } from '../protocol/index.js';
import { type FileOps, removeQuietly, replaceFile } from './file-ops.js';
import { listNames } from './list-checkpoints.js';
import { nextFolder } from './set-aside.js';
import { dataPath, indexPath } from './write-bundle.js';

/** Folder inside a checkpoint directory that keeps damaged checkpoints, each with the reason. */
export const quarantineFolder = 'quarantine';

/**
 * Moves a checkpoint of ours to `quarantine/NNNN` with a `reason.txt`; returns that folder. The index goes last: after a crash
 * on the way it still tells that there is something to move, and the next commit sweeps nothing of it.
 */
export function quarantineCheckpoint(files: FileOps, directory: string, name: string, reason: string): string {
  const dataPrefix = dataPath(name).slice(0, -'00000-of-00001'.length);
  const data = listNames(directory).filter((file) => file.startsWith(dataPrefix));
  return quarantineFiles(files, directory, name, [...data, indexPath(name)], reason);
}

/** Moves entries of a directory (paths relative to it) to `quarantine/NNNN` with a `reason.txt`; returns that folder. */
export function quarantineFiles(
  files: FileOps,
  directory: string,
  subject: string,
  names: readonly string[],
  reason: string,
): string {
  const folder = nextFolder(join(directory, quarantineFolder));
  files.mkdir(folder);
  const text = `${new Date().toISOString()} ${subject}: ${reason}\n`;
  try {
    replaceFile(files, join(folder, 'reason.txt'), [Buffer.from(text)]);
  } catch (error) {
    // On a full disk it is tried again and again: each try would leave an empty folder and take a number.
    removeQuietly(files, folder);
    throw error;
  }
  for (const name of names) moveIfPresent(files, join(directory, name), join(folder, basename(name)));
  return folder;
}

function moveIfPresent(files: FileOps, from: string, to: string): void {
  try {
    files.rename(from, to);
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error;
  }
}
