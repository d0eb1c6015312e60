import type { RetentionRules } from '../retention-policy.js';
import type { VerifyMode } from '../verify-checkpoint.js';
import { openRemoteStore } from './open-remote-store.js';
import { type PullResult, pullCheckpoint } from './pull-checkpoint.js';
import { type PushResult, pushCheckpoints } from './push-checkpoints.js';
import type { RemoteSettings } from './remote-address.js';
import type { RemoteStore } from './remote-store.js';
import type { RetryRules } from './retry.js';

/** What a process apart is told to do with a store. It finds the credentials itself. */
export interface RemoteOrder {
  readonly kind: 'push' | 'pull';
  readonly store: RemoteSettings;
  readonly run: string;
  readonly directory: string;
  readonly epochBase: 0 | 1;
  readonly pattern: string | undefined;
  readonly verify: VerifyMode;
  /** Of a push. */
  readonly what: 'newest' | 'best';
  readonly rules: Omit<RetentionRules, 'bestEpoch'>;
  readonly retries: RetryRules;
}

/** What it tells, one JSON object a line; the last one is how it ended. */
export type RemoteAnswer =
  /** The store did something: who hears nothing for long may take it for dead. */
  | { readonly type: 'progress' }
  | { readonly type: 'begin'; readonly checkpoint: string; readonly bytes: number }
  | { readonly type: 'pushed'; readonly result: PushResult }
  | { readonly type: 'pulled'; readonly result: PullResult }
  | { readonly type: 'failed'; readonly reason: string; readonly fix?: string | undefined };

/** Does what it is told; what goes wrong is an answer too. */
export async function performRemoteOrder(order: RemoteOrder, tell: (answer: RemoteAnswer) => void): Promise<void> {
  try {
    const store = reportProgress(await openRemoteStore(order.store, order.retries), () => tell({ type: 'progress' }));
    if (order.kind === 'push') {
      tell({ type: 'pushed', result: await pushCheckpoints({ ...order, store }) });
    } else {
      const onBegin = (begun: { checkpoint: string; bytes: number }) => tell({ type: 'begin', ...begun });
      tell({ type: 'pulled', result: await pullCheckpoint({ ...order, store, onBegin }) });
    }
  } catch (error) {
    const { message, fix } = error as Error & { fix?: string };
    tell({ type: 'failed', reason: message, ...(fix !== undefined && { fix }) });
  }
}

function reportProgress(store: RemoteStore, report: () => void): RemoteStore {
  const reported = async <Value>(work: Promise<Value>): Promise<Value> => {
    const value = await work;
    report();
    return value;
  };
  return {
    ...store,
    list: (prefix) => reported(store.list(prefix)),
    // A part is read when the ones before it are on their way.
    put: (key, source) => reported(store.put(key, { ...source, read: (part) => reported(source.read(part)) })),
    read: (key, offset, length) => reported(store.read(key, offset, length)),
    remove: (key) => reported(store.remove(key)),
  };
}
