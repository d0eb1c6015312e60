import { parentPort } from 'node:worker_threads';
import type { CommitOptions } from '../../checkpoint/index.js';
import { systemErrorCode } from '../../protocol/index.js';
import { commitFinite } from './commit-finite.js';

/** The outcome of one commit, as the worker tells it. */
export type CommitOutcome =
  | { readonly ok: true; readonly bytes: number }
  | { readonly ok: false; readonly message: string; readonly code: string | undefined };

// The training goes on while this thread hashes, writes and flushes.
parentPort?.on('message', async (options: CommitOptions) => parentPort?.postMessage(await commit(options)));

async function commit(options: CommitOptions): Promise<CommitOutcome> {
  try {
    return { ok: true, bytes: await commitFinite(options) };
  } catch (error) {
    return { ok: false, message: (error as Error).message, code: systemErrorCode(error) };
  }
}
