import { retentionRules } from './retention-rules.js';
import type { Experiment } from './schema.js';

/** When a checkpoint is copied to the remote store. */
export type UploadEvery =
  | { readonly kind: 'epoch' }
  | { readonly kind: 'best' }
  | { readonly kind: 'interval'; readonly ms: number };

/** What an experiment wants of a remote store; undefined without one. */
export function remoteSettings({ experiment_name, checkpoints }: Pick<Experiment, 'experiment_name' | 'checkpoints'>) {
  const { url, endpoint, region, profile, every, keep, restore, ...times } = checkpoints.remote;
  if (url === undefined) return undefined;
  return {
    store: { url, endpoint, region, profile },
    run: experiment_name,
    every: parseEvery(every),
    restores: restore,
    rules: { ...retentionRules({ checkpoints }), maxCheckpoints: keep ?? checkpoints.max_checkpoints },
    restoreWaitMs: times.restore_wait_ms,
    finalWaitMs: times.final_wait_ms,
    stopWaitMs: times.stop_wait_ms,
    retryMs: times.retry_ms,
    maxRetryMs: times.max_retry_ms,
  };
}

export type ResolvedRemote = NonNullable<ReturnType<typeof remoteSettings>>;

const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, sec: 1000, m: 60_000, min: 60_000, h: 3_600_000 };

function parseEvery(text: string): UploadEvery {
  const word = text.trim().toLowerCase();
  if (word === 'epoch' || word === 'best') return { kind: word };
  const [, amount, unit = 'ms'] = /^([\d.]+)\s*([a-z]+)$/.exec(word) ?? [];
  return { kind: 'interval', ms: Number(amount) * (unitsMs[unit] ?? 1) };
}
