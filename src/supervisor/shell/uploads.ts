import type { RemoteOrder } from '../../checkpoint/remote/remote-order.js';
import type { LoadedExperiment, ResolvedRemote, ResolvedRun } from '../../config/index.js';
import { type JournalRecord, monotonicMs, type RemoteStatus } from '../../protocol/index.js';
import type { State } from '../state.js';
import {
  type NextUpload,
  nextUpload,
  noteFailed,
  noteSaved,
  noteStarted,
  noteUploaded,
  noUploads,
  type UploadFacts,
  type UploadRules,
} from '../upload-policy.js';
import { type RemoteWork, startRemoteWork } from './remote-process.js';

export interface UploadsOptions {
  readonly loaded: LoadedExperiment;
  readonly run: ResolvedRun;
  readonly remote: ResolvedRemote;
  /** Program and arguments of the process that works at a store. */
  readonly remoteProcess: readonly [string, ...string[]];
  readonly record: (content: JournalRecord) => unknown;
  /** Something is to be told anew. */
  readonly onChange: () => void;
}

/** How the fetching of a checkpoint ended. */
export type FetchOutcome =
  | { readonly kind: 'restored' | 'none'; readonly notes: readonly string[] }
  | { readonly kind: 'failed'; readonly reason: string };

/** The copies of a run's checkpoints at a remote store. Nothing of it can disturb the run. */
export interface Uploads {
  /** To be called with every state: what was saved is uploaded, one checkpoint at a time. */
  readonly onState: (state: State) => void;
  /** Uploads all that is not there yet, and calls back then; failures are tried again. */
  readonly settle: (state: State, done: () => void) => void;
  /** Brings the newest good checkpoint into the directory. */
  readonly fetch: () => Promise<FetchOutcome>;
  readonly status: () => RemoteStatus;
  /** Breaks off what is under way. */
  readonly close: () => Promise<void>;
}

export function createUploads(options: UploadsOptions): Uploads {
  const { loaded, run, remote, remoteProcess, record, onChange } = options;
  const { config } = loaded;
  const { url } = remote.store;
  let rules: UploadRules = remote;
  let facts: UploadFacts = noUploads;
  let work: RemoteWork | undefined;
  let timer: NodeJS.Timeout | undefined;
  let onSettled: (() => void) | undefined;
  let isClosed = false;
  let toldReason: string | undefined;
  let there: Pick<RemoteStatus, 'checkpoint' | 'epoch' | 'uploaded_at'> = {
    ...{ checkpoint: null, epoch: null, uploaded_at: null },
  };

  const order = (kind: RemoteOrder['kind']): RemoteOrder => ({
    ...{ kind, store: remote.store, run: remote.run, rules: remote.rules, verify: config.checkpoints.verify },
    ...{ directory: run.checkpointDir, epochBase: config.trainer.epoch_base },
    pattern: config.trainer.checkpoint_pattern,
    what: rules.every.kind === 'best' ? 'best' : 'newest',
    retries: { tries: 4, firstMs: Math.min(500, remote.retryMs), mostMs: Math.min(20_000, remote.maxRetryMs) },
  });

  const advance = () => {
    clearTimeout(timer);
    if (isClosed) return;
    const next: NextUpload = nextUpload(facts, rules, monotonicMs());
    if (next?.kind === 'later') timer = setTimeout(advance, next.delayMs);
    else if (next?.kind === 'now') void upload();
    else if (facts.underWay === undefined) {
      onSettled?.();
      onSettled = undefined;
    }
  };

  const upload = async () => {
    const startedAt = monotonicMs();
    facts = noteStarted(facts, startedAt);
    work = startRemoteWork(remoteProcess, order('push'));
    onChange();
    const answer = await work.ended;
    work = undefined;
    if (isClosed) return;
    const at = monotonicMs();
    if (answer.type === 'pushed') {
      const behindMs = facts.failingSince === undefined ? undefined : at - facts.failingSince;
      facts = noteUploaded(facts);
      toldReason = undefined;
      const { newest, best, removed } = answer.result;
      const told = newest ?? best;
      if (told !== undefined) {
        const { checkpoint, epoch, step } = told;
        there = { checkpoint, epoch, uploaded_at: new Date().toISOString() };
        const bytes = (newest?.bytes ?? 0) + (best === undefined || best === newest ? 0 : best.bytes);
        const counts = { bytes, upload_ms: Math.round(at - startedAt), removed: removed.length };
        // What was there already is no news, unless it was in doubt.
        if (bytes > 0 || behindMs !== undefined)
          record({
            ...{ event: 'uploaded', url, checkpoint, epoch, step, best_epoch: best?.epoch, ...counts },
            behind_ms: behindMs === undefined ? undefined : Math.round(behindMs),
          });
      }
    } else if (answer.type === 'failed') {
      facts = noteFailed(facts, rules, at, Math.random());
      const { reason, fix } = answer;
      if (reason !== toldReason)
        record({
          ...{ event: 'upload_failed', url, reason, fix, since: timeOf(facts.failingSince ?? at) },
          retry_ms: Math.round((facts.retryAt ?? at) - at),
        });
      toldReason = reason;
    }
    onChange();
    advance();
  };

  return {
    onState: ({ run: { progress } }) => {
      const noted = noteSaved(facts, rules, progress);
      if (noted === facts) return;
      facts = noted;
      advance();
    },
    settle: ({ run: { progress } }, done) => {
      onSettled = done;
      // At the end all that is saved counts, at once.
      rules = { ...rules, every: { kind: 'interval', ms: 0 } };
      facts = noteSaved({ ...facts, retryAt: undefined }, rules, progress);
      advance();
    },
    fetch: async () => {
      if (isClosed) return { kind: 'failed', reason: 'the run ends' };
      work = startRemoteWork(remoteProcess, order('pull'), ({ checkpoint, bytes }) =>
        record({ event: 'fetching', url, checkpoint, bytes }),
      );
      const answer = await work.ended;
      work = undefined;
      if (answer.type !== 'pulled') return { kind: 'failed', reason: answer.type === 'failed' ? answer.reason : '' };
      const { restored, notes } = answer.result;
      if (restored === undefined) return { kind: 'none', notes };
      const { checkpoint, epoch, step } = restored;
      const place = `last completed epoch ${epoch}${step === 0 ? '' : `, and ${step} steps of the next`}`;
      const note = `${checkpoint} is fetched from ${url}; epoch_info.json now says: ${place}`;
      return { kind: 'restored', notes: [...notes, note] };
    },
    status: () => ({
      ...{ url, ...there, is_uploading: facts.underWay !== undefined },
      failing_since: facts.failingSince === undefined ? null : timeOf(facts.failingSince),
      last_error: toldReason ?? null,
    }),
    close: async () => {
      isClosed = true;
      clearTimeout(timer);
      await work?.cancel();
    },
  };
}

/** The time of day of a monotonic time. */
function timeOf(at: number): string {
  return new Date(Date.now() - (monotonicMs() - at)).toISOString();
}
