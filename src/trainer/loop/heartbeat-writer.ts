import { type Heartbeat, writeFileAtomic } from '../../protocol/index.js';

const leastIntervalMs = 250;
/** While a checkpoint is flushed, the file system may keep a write waiting for long: that is to be a small part of the training. */
const mostShare = 0.01;
const mostIntervalMs = 1000;

/**
 * Returns a function that writes heartbeats to `path`, called by the work loop itself after each piece of work. A change of
 * phase is written at once, steps at most four times a second, or down to once where it takes long. A heartbeat that cannot be
 * written never stops the training.
 */
export function createHeartbeatWriter(
  path: string | undefined,
  attempt: number,
): (beat: Omit<Heartbeat, 'attempt' | 'pid'>) => void {
  if (path === undefined) return () => {};
  let lastPhase: string | undefined;
  let lastAtMs = Number.NEGATIVE_INFINITY;
  let intervalMs = leastIntervalMs;
  return (beat) => {
    const nowMs = performance.now();
    if (beat.phase === lastPhase && nowMs - lastAtMs < intervalMs) return;
    lastPhase = beat.phase;
    lastAtMs = nowMs;
    try {
      writeFileAtomic(path, JSON.stringify({ attempt, pid: process.pid, ...beat }), { durable: false });
    } catch {
      // A full disk is reported where it matters: by the checkpoint that cannot be written.
    }
    const tookMs = performance.now() - nowMs;
    intervalMs = Math.min(mostIntervalMs, Math.max(leastIntervalMs, tookMs / mostShare));
  };
}
