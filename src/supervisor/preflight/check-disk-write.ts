import { randomFillSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { listCheckpoints, type TensorData, verifyCheckpoint, writeBundle } from '../../checkpoint/index.js';
import { type Check, type Finding, failure, ok, warning } from './check.js';
import { checkpointSize } from './check-disk-room.js';
import { inBytes } from './in-bytes.js';

/** A checkpoint as big as the newest one is written, flushed, and read back whole where the checkpoints go. */
export const checkDiskWrite: Check = {
  title: 'checkpoint',
  look: ({ run }) => {
    const created = mkdirSync(run.checkpointDir, { recursive: true });
    try {
      const newest = listCheckpoints(run.checkpointDir).at(-1)?.name;
      return [tryWriting(run.checkpointDir, checkpointSize(run.checkpointDir, newest))];
    } finally {
      if (created !== undefined) rmSync(created, { recursive: true, force: true });
    }
  },
};

const usualBytes = 16 * 1024 * 1024;
/** One tensor more than this takes too much memory; the rate is the same. */
const mostBytes = 512 * 1024 * 1024;
/** Slower than this, saving takes a good part of the night. */
const slowBytesPerSec = 10 * 1024 * 1024;

function tryWriting(directory: string, size = usualBytes): Finding {
  const bytes = Math.max(1, Math.min(size, mostBytes));
  const folder = mkdtempSync(join(directory, '.preflight-'));
  try {
    const tensor: TensorData = { dtype: 'uint8', shape: [bytes], data: randomFillSync(new Uint8Array(bytes)) };
    const begin = performance.now();
    writeBundle(join(folder, 'ckpt-1'), [['preflight', tensor]]);
    const written = performance.now();
    const verdict = verifyCheckpoint(join(folder, 'ckpt-1'));
    const fix = 'test the disk and its file system (dmesg, smartctl), or choose another checkpoint_dir';
    if (!verdict.ok) return failure('machine', `a checkpoint does not read back as written: ${verdict.reason}`, fix);
    const rate = (bytes / (written - begin)) * 1000;
    const what = `${inBytes(bytes)} written at ${inBytes(rate)}/s, read back and verified at ${inBytes((bytes / (performance.now() - written)) * 1000)}/s`;
    return rate < slowBytesPerSec && bytes >= 1024 * 1024
      ? warning(what, 'slow: expect long saves, or choose another checkpoint_dir')
      : ok(what);
  } catch (error) {
    return failure(
      'machine',
      `a checkpoint cannot be written: ${(error as Error).message}`,
      'free space, or correct owner and mode',
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
