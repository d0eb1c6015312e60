import { parentPort } from 'node:worker_threads';
import type { CommitOptions } from '../../checkpoint/index.js';
import { systemErrorCode } from '../../protocol/index.js';
import { commitFinite } from './commit-finite.js';
import { memoryOf } from './memory-pool.js';

/** The outcome of one commit, as the worker tells it. */
export type CommitOutcome =
  | { readonly ok: true; readonly bytes: number; readonly memory: readonly ArrayBuffer[] }
  | { readonly ok: false; readonly message: string; readonly code: string | undefined };

// The training goes on while this thread hashes, writes and flushes.
parentPort?.on('message', async (options: CommitOptions) => {
  const outcome = await commit(options);
  // The memory goes back for the next one.
  parentPort?.postMessage(outcome, outcome.ok ? [...outcome.memory] : []);
});

async function commit(options: CommitOptions): Promise<CommitOutcome> {
  try {
    return { ok: true, bytes: await commitFinite(options), memory: memoryOf(options.tensors) };
  } catch (error) {
    return { ok: false, message: (error as Error).message, code: systemErrorCode(error) };
  }
}
