// What the disk does without a format.
import { spawnSync } from 'node:child_process';
import { rmSync, statSync } from 'node:fs';
import { warmMemory } from './warm-memory.mjs';

/** Seconds that dd takes to write and flush `bytes` zeros; the file is gone afterwards. */
export function measureRawWrite(path, bytes) {
  const seconds = time(['if=/dev/zero', `of=${path}`, 'bs=1M', `count=${bytes}`, 'iflag=count_bytes', 'conv=fsync']);
  rmSync(path);
  return seconds;
}

/** How dd reads a file that is not in the page cache: through the cache, or past it. */
const reads = {
  cached: (path) => [`if=${path}`, 'of=/dev/null', 'bs=1M'],
  direct: (path) => [`if=${path}`, 'of=/dev/null', 'bs=4M', 'iflag=direct'],
};

/** Seconds that dd takes to read a file in a way of {@link findFasterRead}. */
export function measureRawRead(path, way) {
  return time(reads[way](path));
}

/** Seconds that dd takes to read a whole file as one block: into memory that is new, as that of new arrays is. */
export function measureFreshRead(path) {
  return time([`if=${path}`, 'of=/dev/null', `bs=${statSync(path).size}`, 'iflag=fullblock']);
}

/** Makes a flushed file of random bytes. */
export function writeNoise(path, bytes) {
  dd(['if=/dev/urandom', `of=${path}`, 'bs=1M', `count=${bytes}`, 'iflag=count_bytes,fullblock', 'conv=fsync']);
}

const triesOfRead = 3;

/** Which way of dd to read is the faster one here, by the best of some tries with a file of noise, which is gone afterwards. */
export function findFasterRead(path, bytes) {
  writeNoise(path, bytes);
  const best = { cached: Number.POSITIVE_INFINITY, direct: Number.POSITIVE_INFINITY };
  for (let done = 0; done < triesOfRead; done++)
    for (const way of Object.keys(best)) {
      evict([path]);
      warmMemory(bytes / 1e6);
      best[way] = Math.min(best[way], measureRawRead(path, way));
    }
  rmSync(path);
  return best.cached < best.direct ? 'cached' : 'direct';
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
