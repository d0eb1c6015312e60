import type { Progress } from './progress.js';

/** What the configuration decides for uploads. */
export interface UploadRules {
  readonly every:
    | { readonly kind: 'epoch' }
    | { readonly kind: 'best' }
    | { readonly kind: 'interval'; readonly ms: number };
  /** Upper bound of the first delay after a failure; it doubles with each one. */
  readonly retryMs: number;
  readonly maxRetryMs: number;
}

/** What is known of the uploads of a run. Times are monotonic milliseconds. */
export interface UploadFacts {
  /** What the trainer has saved last, as far as the rules look at it. */
  readonly saved: string | undefined;
  /** What the store has of that. */
  readonly uploaded: string | undefined;
  /** What is on its way. */
  readonly underWay: string | undefined;
  readonly startedAt: number | undefined;
  /** In a row. */
  readonly failures: number;
  readonly failingSince: number | undefined;
  readonly retryAt: number | undefined;
}

export const noUploads: UploadFacts = {
  saved: undefined,
  uploaded: undefined,
  underWay: undefined,
  startedAt: undefined,
  failures: 0,
  failingSince: undefined,
  retryAt: undefined,
};

/** What comes next: an upload now, one after a pause, or none. */
export type NextUpload = { readonly kind: 'now' } | { readonly kind: 'later'; readonly delayMs: number } | undefined;

/** Takes over what the trainer has saved. Of what waits only the newest is remembered: the queue has one place. */
export function noteSaved(facts: UploadFacts, rules: UploadRules, progress: Progress): UploadFacts {
  const saved = placeOf(rules, progress);
  return saved === facts.saved ? facts : { ...facts, saved };
}

/** When the next upload begins. One at a time; after a failure not before its pause is over. */
export function nextUpload(facts: UploadFacts, { every }: UploadRules, at: number): NextUpload {
  const { saved, uploaded, underWay, startedAt, retryAt } = facts;
  if (underWay !== undefined || saved === undefined || saved === uploaded) return undefined;
  const isFirst = uploaded === undefined && facts.failures === 0;
  const paceAt = every.kind === 'interval' && startedAt !== undefined && !isFirst ? startedAt + every.ms : at;
  const dueAt = Math.max(paceAt, retryAt ?? at);
  return dueAt <= at ? { kind: 'now' } : { kind: 'later', delayMs: dueAt - at };
}

export function noteStarted(facts: UploadFacts, at: number): UploadFacts {
  return { ...facts, underWay: facts.saved, startedAt: at };
}

/** The store has it: what was saved meanwhile is still to come. */
export function noteUploaded(facts: UploadFacts): UploadFacts {
  const { underWay: uploaded } = facts;
  return { ...facts, uploaded, underWay: undefined, failures: 0, failingSince: undefined, retryAt: undefined };
}

/** Nothing but time helps; `jitter` is drawn from [0, 1). At least half of the delay is kept, so that a store that is down has peace. */
export function noteFailed(facts: UploadFacts, rules: UploadRules, at: number, jitter: number): UploadFacts {
  const most = Math.min(rules.maxRetryMs, rules.retryMs * 2 ** Math.min(facts.failures, 30));
  return {
    ...facts,
    underWay: undefined,
    failures: facts.failures + 1,
    failingSince: facts.failingSince ?? at,
    retryAt: at + most / 2 + (jitter * most) / 2,
  };
}

/** Whether a run without a checkpoint may begin anew though its store does not answer. */
export function mayBeginAnew({
  waitedMs,
  mostMs,
  mostEpochs,
}: {
  waitedMs: number;
  mostMs: number;
  mostEpochs: number;
}): boolean {
  return mostEpochs === 0 && waitedMs >= mostMs;
}

function placeOf({ every }: UploadRules, { epochs, partialStep, bestEpoch }: Progress): string | undefined {
  if (every.kind === 'best') return bestEpoch === undefined ? undefined : `best of epoch ${bestEpoch}`;
  if (every.kind === 'epoch') return epochs === 0 ? undefined : `epoch ${epochs}`;
  if (partialStep === 0) return epochs === 0 ? undefined : `epoch ${epochs}`;
  return `epoch ${epochs}, step ${partialStep}`;
}
