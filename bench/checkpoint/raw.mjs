// What the disk does without a format.
import { spawnSync } from 'node:child_process';

/** Seconds that dd takes to write and flush `bytes` zeros. */
export function measureRawWrite(path, bytes) {
  return time(['if=/dev/zero', `of=${path}`, 'bs=1M', `count=${bytes}`, 'iflag=count_bytes', 'conv=fsync']);
}

/** Seconds that dd takes to read a file that is not in the page cache: through the cache, and past it. */
export const rawReads = {
  cached: (path) => time([`if=${path}`, 'of=/dev/null', 'bs=1M']),
  direct: (path) => time([`if=${path}`, 'of=/dev/null', 'bs=4M', 'iflag=direct']),
};

/** Writes and flushes a file for {@link rawReads}: some disks of virtual machines read zeros faster than other bytes. */
export function writeContent(path, bytes) {
  dd(['if=/dev/urandom', `of=${path}`, 'bs=1M', `count=${bytes}`, 'iflag=count_bytes,fullblock', 'conv=fsync']);
}

/** Takes files that are flushed out of the page cache. */
export function evict(paths) {
  for (const path of paths) dd([`if=${path}`, 'iflag=nocache', 'count=0']);
}

function time(args) {
  const startedAt = performance.now();
  dd(args);
  return (performance.now() - startedAt) / 1000;
}

function dd(args) {
  const { status, stderr } = spawnSync('dd', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`dd ${args.join(' ')}: ${stderr}`);
}
