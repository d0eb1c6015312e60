import { statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { listCheckpoints } from '../../checkpoint/index.js';
import { type Check, type Finding, failure, ok, warning } from './check.js';
import { inBytes } from './in-bytes.js';
import { nearestFolder } from './nearest-folder.js';

/** There is room for the checkpoints that will be kept, and a margin. */
export const checkDiskRoom: Check = {
  title: 'disk',
  look: ({ run, loaded }) => {
    const folder = nearestFolder(run.checkpointDir);
    const { bavail, bsize, ffree, files } = statfsSync(folder);
    const present = folder === run.checkpointDir ? listCheckpoints(folder).map(({ name }) => name) : [];
    return judgeDiskRoom({
      folder,
      freeBytes: bavail * bsize,
      // Some file systems do not count their inodes, and say 0 of 0.
      freeFiles: files === 0 ? undefined : ffree,
      checkpointBytes: checkpointSize(run.checkpointDir, present.at(-1)),
      present: present.length,
      kept: loaded.config.checkpoints.max_checkpoints,
    });
  },
};

export interface DiskRoom {
  readonly folder: string;
  readonly freeBytes: number;
  readonly freeFiles: number | undefined;
  /** Size of one checkpoint; undefined while there is none. */
  readonly checkpointBytes: number | undefined;
  /** Checkpoints that are there, and how many are kept at most (besides the best one). */
  readonly present: number;
  readonly kept: number;
}

const MiB = 1024 * 1024;
/** Logs, samples, and what others write in one night. */
const marginBytes = 1024 * MiB;
const leastBytes = 64 * MiB;
const leastFiles = 1000;

/** Room for those still to come: the kept ones, the best one, and one that is being written. Pure. */
export function judgeDiskRoom(room: DiskRoom): Finding[] {
  const { folder, freeBytes, freeFiles, checkpointBytes, present, kept } = room;
  const free = `${inBytes(freeBytes)} free in ${folder}`;
  const fix = 'free space, lower checkpoints.max_checkpoints, or choose another checkpoint_dir';
  const files =
    freeFiles !== undefined && freeFiles < leastFiles
      ? [warning(`only ${freeFiles} more files fit on the file system of ${folder}`, 'remove files (df -i)')]
      : [];
  if (checkpointBytes === undefined) {
    if (freeBytes < leastBytes) return [failure('machine', free, fix), ...files];
    const unknown = `${free}; the size of a checkpoint is not known yet`;
    return [freeBytes < marginBytes ? warning(unknown, fix) : ok(unknown), ...files];
  }
  const missing = Math.max(1, kept + 2 - present);
  const wanted = `${inBytes(missing * checkpointBytes)} for ${missing} more checkpoints of ${inBytes(checkpointBytes)}`;
  if (freeBytes < Math.max(leastBytes, checkpointBytes))
    return [failure('machine', `${free}, wanted ${wanted}`, fix), ...files];
  const isTight = freeBytes < missing * checkpointBytes + marginBytes;
  return [
    isTight
      ? warning(`${free}, wanted ${wanted} and a margin`, fix)
      : ok(`${free}, enough for ${missing} more checkpoints of ${inBytes(checkpointBytes)}`),
    ...files,
  ];
}

/** Bytes of a checkpoint's data; undefined when there is none. */
export function checkpointSize(directory: string, name: string | undefined): number | undefined {
  if (name === undefined) return undefined;
  return statSync(join(directory, `${name}.data-00000-of-00001`), { throwIfNoEntry: false })?.size;
}
