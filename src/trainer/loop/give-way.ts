import { spawn } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import { basename } from 'node:path';

/**
 * Has Linux never interrupt another thread because this one has something to do (`SCHED_BATCH`): with all processors busy it would
 * interrupt the training's, which has just woken it, for milliseconds. Its share of the processors stays as it is. Without
 * util-linux' `chrt`, /proc, or the right to it, nothing changes.
 */
export function giveWay(): void {
  if (process.platform !== 'linux') return;
  try {
    const thread = basename(readlinkSync('/proc/thread-self'));
    spawn('chrt', ['-b', '-p', '0', thread], { stdio: 'ignore' })
      .on('error', () => undefined)
      .unref();
  } catch {
    // No /proc, or no memory for a process: saves work all the same.
  }
}
