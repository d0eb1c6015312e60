import { parentPort } from 'node:worker_threads';
import type { CommitOptions } from '../../checkpoint/index.js';
import { systemErrorCode } from '../../protocol/index.js';
import { commitFinite } from './commit-finite.js';
import { giveWay } from './give-way.js';
import { createUnpacker, type PackedTensors } from './packed-tensors.js';
import { waitUntilReady } from './wait-until-ready.js';

/** What is to be committed. */
export type CommitOrder = Omit<CommitOptions, 'tensors'> & {
  readonly packed: PackedTensors;
  /** Shared with whoever fills the tensors: 1 when they are complete. */
  readonly ready: Int32Array | undefined;
};

/** The outcome of one commit, as the worker tells it. */
export type CommitOutcome =
  | { readonly ok: true; readonly bytes: number }
  | { readonly ok: false; readonly message: string; readonly code: string | undefined };

const unpack = createUnpacker();

giveWay();

// The training goes on while this thread hashes, writes and flushes.
parentPort?.on('message', async (order: CommitOrder) => {
  const outcome = await commit(order);
  parentPort?.postMessage(outcome);
});

async function commit({ packed, ready, ...options }: CommitOrder): Promise<CommitOutcome> {
  try {
    waitUntilReady(ready);
    const bytes = await commitFinite({ ...options, tensors: unpack(packed) });
    return { ok: true, bytes };
  } catch (error) {
    return { ok: false, message: (error as Error).message, code: systemErrorCode(error) };
  }
}
