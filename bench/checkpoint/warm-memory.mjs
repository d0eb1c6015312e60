// Free memory that can be used at once.
import { spawnSync } from 'node:child_process';
import { availableMemoryMb } from './measure.mjs';

const chunkMb = 500;
/** What stays free whatever is wanted. */
const leastLeftMb = 2000;

/**
 * Has another process write so many MB of memory, and give them back, so that whatever needs new memory next (the page cache, too)
 * finds some. A virtual machine gives free memory back to its host after some seconds; to get a page of it again takes several
 * times as long as to read into it: a disk of 2.5 GB/s seems to read at 0.7. Where nobody takes free memory away this changes
 * nothing. It holds for about two seconds.
 */
export function warmMemory(megabytes) {
  const wanted = Math.min(megabytes, availableMemoryMb() - leastLeftMb);
  const chunks = Math.max(1, Math.ceil(wanted / chunkMb));
  const fill = `Array.from({ length: ${chunks} }, () => Buffer.allocUnsafeSlow(${chunkMb * 1e6}).fill(1))`;
  const { status, stderr } = spawnSync(process.execPath, ['-e', fill], {
    encoding: 'utf8',
    // By huge pages, in a quarter of the time.
    env: { ...process.env, GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1' },
  });
  if (status !== 0) throw new Error(`${chunks * chunkMb} MB of memory cannot be had: ${stderr}`);
}
