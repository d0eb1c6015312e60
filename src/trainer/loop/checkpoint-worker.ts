import { parentPort } from 'node:worker_threads';
import type { CommitOptions } from '../../checkpoint/index.js';
import { systemErrorCode } from '../../protocol/index.js';
import { commitFinite } from './commit-finite.js';
import { createUnpacker, type PackedTensors } from './packed-tensors.js';

/** What is to be committed. */
export type CommitOrder = Omit<CommitOptions, 'tensors'> & { readonly packed: PackedTensors };

/** The outcome of one commit, as the worker tells it. */
export type CommitOutcome =
  | { readonly ok: true; readonly bytes: number; readonly memory: readonly ArrayBuffer[] }
  | { readonly ok: false; readonly message: string; readonly code: string | undefined };

const unpack = createUnpacker();

// The training goes on while this thread hashes, writes and flushes.
parentPort?.on('message', async (order: CommitOrder) => {
  const outcome = await commit(order);
  // The memory goes back for the next one.
  parentPort?.postMessage(outcome, outcome.ok ? [...outcome.memory] : []);
});

async function commit({ packed, ...options }: CommitOrder): Promise<CommitOutcome> {
  try {
    const bytes = await commitFinite({ ...options, tensors: unpack(packed) });
    return { ok: true, bytes, memory: packed.memory };
  } catch (error) {
    return { ok: false, message: (error as Error).message, code: systemErrorCode(error) };
  }
}
