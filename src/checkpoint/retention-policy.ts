/** A committed checkpoint as retention sees it. */
export interface CheckpointName {
  readonly name: string;
  /** Completed epochs it holds. */
  readonly epoch: number;
  /** Steps done of the next epoch; 0 for an epoch checkpoint. */
  readonly step: number;
}

/** A checkpoint with what its own record says, as far as a policy needs it. */
export interface CommittedCheckpoint extends CheckpointName {
  readonly metrics?: Readonly<Record<string, number>>;
  /** When it was saved, in milliseconds since 1970. */
  readonly savedAtMs?: number;
}

/** Which of the epoch checkpoints, oldest first, one reason keeps. */
export type RetentionPolicy = (epochs: readonly CommittedCheckpoint[]) => readonly CommittedCheckpoint[];

export interface RetentionRules {
  /** Epoch checkpoints to keep, the newest ones. */
  readonly maxCheckpoints: number;
  /** Epoch whose checkpoint is never removed. */
  readonly bestEpoch?: number;
  readonly keepBest?: BestRule;
  /** Keep the checkpoint of every so many epochs. */
  readonly everyEpochs?: number;
  /** Keep one checkpoint of about every so many minutes. */
  readonly everyMinutes?: number;
}

/** The `count` best by a metric. */
export interface BestRule {
  readonly count: number;
  readonly metric: string;
  readonly mode: 'max' | 'min';
}

const epochName = /^ckpt-(\d{1,9})$/;
const partialName = /^partial-(\d{1,9})-(\d{1,9})$/;

/** Reads a checkpoint's name: `ckpt-3` holds three epochs, `partial-4-120` three epochs and 120 steps of the fourth. */
export function parseCheckpointName(name: string): CheckpointName | undefined {
  const epoch = epochName.exec(name);
  if (epoch) return { name, epoch: Number(epoch[1]), step: 0 };
  const partial = partialName.exec(name);
  return partial ? { name, epoch: Number(partial[1]) - 1, step: Number(partial[2]) } : undefined;
}

/** Oldest first. */
export function compareCheckpoints(left: CheckpointName, right: CheckpointName): number {
  return left.epoch - right.epoch || left.step - right.step;
}

/**
 * Which checkpoints may go now that `newest` is committed and verified: epoch checkpoints that no rule keeps, and partial ones
 * that a newer checkpoint has overtaken. The newest and the best one always stay. Pure.
 */
export function planRetention<Checkpoint extends CommittedCheckpoint>(
  present: readonly Checkpoint[],
  newest: string,
  rules: RetentionRules,
): { keep: Checkpoint[]; remove: Checkpoint[] } {
  const sorted = [...present].sort(compareCheckpoints);
  const kept = new Set<CommittedCheckpoint>(policyOf(rules)(sorted.filter(({ step }) => step === 0)));
  const isKept = (checkpoint: Checkpoint) => checkpoint.name === newest || kept.has(checkpoint);
  return { keep: sorted.filter(isKept), remove: sorted.filter((checkpoint) => !isKept(checkpoint)) };
}

/** The policy of a set of rules: whatever one of them keeps is kept. */
export function policyOf({ maxCheckpoints, bestEpoch, keepBest, everyEpochs, everyMinutes }: RetentionRules) {
  return keepAny(
    keepLast(maxCheckpoints),
    ...(bestEpoch === undefined ? [] : [keepEpoch(bestEpoch)]),
    ...(keepBest === undefined ? [] : [keepBestBy(keepBest)]),
    ...(everyEpochs === undefined ? [] : [keepEveryEpochs(everyEpochs)]),
    ...(everyMinutes === undefined ? [] : [keepEveryMinutes(everyMinutes)]),
  );
}

/** Whether these rules look at what the checkpoints' own records say. */
export function needsRecords({ keepBest, everyMinutes }: RetentionRules): boolean {
  return (keepBest !== undefined && keepBest.count > 0) || everyMinutes !== undefined;
}

/** Whatever one of the policies keeps. */
export function keepAny(...policies: readonly RetentionPolicy[]): RetentionPolicy {
  return (epochs) => {
    const kept = new Set(policies.flatMap((policy) => policy(epochs)));
    return epochs.filter((checkpoint) => kept.has(checkpoint));
  };
}

/** The last `count`. */
export function keepLast(count: number): RetentionPolicy {
  return (epochs) => (count === 0 ? [] : epochs.slice(-count));
}

/** The one of this epoch. */
export function keepEpoch(epoch: number): RetentionPolicy {
  return (epochs) => epochs.filter((checkpoint) => checkpoint.epoch === epoch);
}

/** The best ones by a metric; of equal ones the older. What has no finite value of it is never among them. */
export function keepBestBy({ count, metric, mode }: BestRule): RetentionPolicy {
  return (epochs) => {
    const scored = epochs.flatMap((checkpoint) => {
      const value = checkpoint.metrics?.[metric];
      return value === undefined || !Number.isFinite(value) ? [] : [{ checkpoint, value }];
    });
    const better = mode === 'max' ? -1 : 1;
    scored.sort(
      (left, right) => better * (left.value - right.value) || compareCheckpoints(left.checkpoint, right.checkpoint),
    );
    return scored.slice(0, count).map(({ checkpoint }) => checkpoint);
  };
}

/** Those of every `epochs`-th epoch. */
export function keepEveryEpochs(every: number): RetentionPolicy {
  return (epochs) => epochs.filter(({ epoch }) => epoch % every === 0);
}

/** The oldest, and then each that was saved at least `minutes` after the last kept one. */
export function keepEveryMinutes(minutes: number): RetentionPolicy {
  return (epochs) => {
    let nextAtMs = Number.NEGATIVE_INFINITY;
    return epochs.filter(({ savedAtMs }) => {
      if (savedAtMs === undefined || !Number.isFinite(savedAtMs) || savedAtMs < nextAtMs) return false;
      nextAtMs = savedAtMs + minutes * 60_000;
      return true;
    });
  };
}
