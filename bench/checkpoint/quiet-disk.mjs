// Waits for the disk to be left alone.
import { setTimeout as sleep } from 'node:timers/promises';
import { evict, measureRawRead, writeNoise } from './raw.mjs';

const probedBytes = 100e6;
/** Of the best speed seen. */
const leastShare = 0.75;
const mostTries = 15;

/**
 * `wait()` returns when dd reads a probe, the file `path`, at three quarters of the best speed seen, or after a quarter of a minute.
 * The disks of shared hosts are held back for seconds at a time, most of all after much was read, to a third of their speed; what is
 * measured meanwhile says which of the tools came at a bad time.
 */
export function createQuietDisk(path, way) {
  writeNoise(path, probedBytes);
  let best = Number.POSITIVE_INFINITY;
  const isQuiet = () => {
    evict([path]);
    const seconds = measureRawRead(path, way);
    best = Math.min(best, seconds);
    return best >= leastShare * seconds;
  };
  return {
    wait: async () => {
      for (let tries = 1; tries < mostTries && !isQuiet(); tries++) await sleep(1000);
    },
  };
}
