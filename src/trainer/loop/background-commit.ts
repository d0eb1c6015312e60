import { Worker } from 'node:worker_threads';
import type { CommitOptions } from '../../checkpoint/index.js';
import type { CommitOrder, CommitOutcome } from './checkpoint-worker.js';
import { packTensors } from './packed-tensors.js';

/** Commits checkpoints one after the other in a thread of its own. */
export interface BackgroundCommit {
  /** Hands a checkpoint over; its tensors' memory goes along, and comes back. Rejects as `commitFinite` does. */
  readonly commit: (options: CommitOptions) => Promise<readonly ArrayBuffer[]>;
  readonly close: () => Promise<void>;
}

export function createBackgroundCommit(): BackgroundCommit {
  let worker: Worker | undefined;
  const start = () => {
    const started = new Worker(new URL('./checkpoint-worker.js', import.meta.url));
    // An idle writer keeps nobody from ending.
    started.unref();
    return started;
  };
  return {
    commit: (options) => {
      worker ??= start();
      return handOver(worker, options);
    },
    close: async () => {
      await worker?.terminate();
      worker = undefined;
    },
  };
}

function handOver(worker: Worker, options: CommitOptions): Promise<readonly ArrayBuffer[]> {
  return new Promise((settle, fail) => {
    const end = (finish: () => void) => {
      worker.off('message', onMessage).off('error', onError).off('exit', onExit);
      worker.unref();
      finish();
    };
    const onMessage = (outcome: CommitOutcome) =>
      end(() => (outcome.ok ? settle(outcome.memory) : fail(toError(outcome))));
    const onError = (error: Error) => end(() => fail(error));
    const onExit = (code: number) => end(() => fail(new Error(`the checkpoint writer ended with code ${code}`)));
    worker.on('message', onMessage).on('error', onError).on('exit', onExit);
    worker.ref();
    const { tensors, ...rest } = options;
    const packed = packTensors(tensors);
    const order: CommitOrder = { ...rest, packed };
    worker.postMessage(order, [...packed.memory]);
  });
}

function toError({ message, code }: Extract<CommitOutcome, { ok: false }>): Error {
  return Object.assign(new Error(message), code === undefined ? {} : { code });
}
