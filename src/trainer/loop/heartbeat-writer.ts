import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Heartbeat } from '../../protocol/index.js';
import type { HeartbeatMessage } from './heartbeat-worker.js';
import { type HeartbeatOrder, writeHeartbeat } from './write-heartbeat.js';

const intervalMs = 250;

/** Writes the heartbeats of a training. */
export interface HeartbeatWriter {
  /** To be called by the work loop itself after each piece of work. Never fails: a heartbeat stops no training. */
  readonly beat: (beat: Omit<Heartbeat, 'attempt' | 'pid'>) => void;
  /** Starts the thread before it is needed. */
  readonly start: () => void;
  /** Returns when the last one is written. */
  readonly close: () => Promise<void>;
}

/**
 * Heartbeats go to `path`, a change of phase at once, steps at most four times a second. From the first step on a thread of its
 * own writes them: while a checkpoint is flushed, the file system may keep a write waiting for as long as a step. It tells
 * nothing but what the loop told it.
 */
export function createHeartbeatWriter(path: string | undefined, attempt: number): HeartbeatWriter {
  if (path === undefined) return { beat: () => undefined, start: () => undefined, close: async () => undefined };
  let lastPhase: string | undefined;
  let lastAtMs = Number.NEGATIVE_INFINITY;
  let thread: Thread | undefined;
  const start = () => {
    thread ??= startThread();
  };
  return {
    beat: (beat) => {
      const nowMs = performance.now();
      if (beat.phase === lastPhase && nowMs - lastAtMs < intervalMs) return;
      lastPhase = beat.phase;
      lastAtMs = nowMs;
      const order = { path, text: JSON.stringify({ attempt, pid: process.pid, ...beat }) };
      if (thread?.write(order) !== true) writeHeartbeat(order);
      if (beat.phase === 'train') start();
    },
    start,
    close: async () => thread?.close(),
  };
}

interface Thread {
  /** False when it has ended. */
  readonly write: (order: HeartbeatOrder) => boolean;
  readonly close: () => Promise<void>;
}

function startThread(): Thread {
  let hasEnded = false;
  const worker = new Worker(new URL('./heartbeat-worker.js', import.meta.url));
  const end = () => {
    hasEnded = true;
  };
  worker.on('error', end);
  worker.on('exit', end);
  worker.unref();
  const say = (message: HeartbeatMessage) => worker.postMessage(message);
  return {
    write: (order) => {
      if (!hasEnded) say(order);
      return !hasEnded;
    },
    close: async () => {
      if (hasEnded) return;
      worker.ref();
      say(undefined);
      await once(worker, 'exit');
    },
  };
}
