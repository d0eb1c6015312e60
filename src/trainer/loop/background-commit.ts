import { Worker } from 'node:worker_threads';
import type { CommitOptions } from '../../checkpoint/index.js';
import type { CommitOrder, CommitOutcome } from './checkpoint-worker.js';
import { createPacker } from './packed-tensors.js';

/** Commits checkpoints one after the other in a thread of its own. */
export interface BackgroundCommit {
  /**
   * Hands a checkpoint over, whose tensors are complete when `ready` is 1. Their memory is read until this resolves, or goes along
   * if it is not shared. Rejects as `commitFinite` does.
   */
  readonly commit: (options: CommitOptions, ready?: Int32Array) => Promise<void>;
  /** Starts the thread before it is needed. */
  readonly start: () => void;
  readonly close: () => Promise<void>;
}

export function createBackgroundCommit(): BackgroundCommit {
  let writer: Writer | undefined;
  // One that has ended is replaced at the next save.
  const open = () => {
    writer ??= startWriter(() => {
      writer = undefined;
    });
    return writer;
  };
  return {
    commit: (options, ready) => open().handOver(options, ready),
    start: open,
    close: async () => {
      await writer?.end();
      writer = undefined;
    },
  };
}

interface Writer {
  readonly handOver: BackgroundCommit['commit'];
  readonly end: () => Promise<unknown>;
}

interface Waiting {
  readonly settle: () => void;
  readonly fail: (error: Error) => void;
}

function startWriter(onEnd: () => void): Writer {
  const worker = new Worker(new URL('./checkpoint-worker.js', import.meta.url));
  const pack = createPacker();
  let waiting: Waiting | undefined;
  const end = (finish: (waiting: Waiting) => void) => {
    const who = waiting;
    waiting = undefined;
    // An idle writer keeps nobody from ending.
    worker.unref();
    if (who !== undefined) finish(who);
  };
  worker.unref();
  // Once for all: to listen anew at each save keeps the training waiting.
  worker.on('message', (outcome: CommitOutcome) =>
    end(({ settle, fail }) => (outcome.ok ? settle() : fail(toError(outcome)))),
  );
  worker.on('error', (error: Error) => end(({ fail }) => fail(error)));
  worker.on('exit', (code) => {
    onEnd();
    end(({ fail }) => fail(new Error(`the checkpoint writer ended with code ${code}`)));
  });
  return {
    handOver: ({ tensors, ...rest }, ready) =>
      new Promise((settle, fail) => {
        waiting = { settle, fail };
        worker.ref();
        const packed = pack(tensors);
        const order: CommitOrder = { ...rest, packed, ready };
        worker.postMessage(
          order,
          packed.memory.filter((memory) => memory instanceof ArrayBuffer),
        );
      }),
    end: () => worker.terminate(),
  };
}

function toError({ message, code }: Extract<CommitOutcome, { ok: false }>): Error {
  return Object.assign(new Error(message), code === undefined ? {} : { code });
}
