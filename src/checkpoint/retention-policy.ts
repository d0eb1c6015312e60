/** A committed checkpoint as retention sees it. */
export interface CheckpointName {
  readonly name: string;
  /** Completed epochs it holds. */
  readonly epoch: number;
  /** Steps done of the next epoch; 0 for an epoch checkpoint. */
  readonly step: number;
}

export interface RetentionRules {
  /** Epoch checkpoints to keep, the newest ones. */
  readonly maxCheckpoints: number;
  /** Epoch whose checkpoint is never removed. */
  readonly bestEpoch?: number;
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
 * Which checkpoints may go now that `newest` is committed: epoch checkpoints beyond the last `maxCheckpoints`, and partial
 * ones that a newer checkpoint has overtaken. The newest and the best one always stay. Pure.
 */
export function planRetention(
  present: readonly CheckpointName[],
  newest: string,
  rules: RetentionRules,
): { keep: CheckpointName[]; remove: CheckpointName[] } {
  const sorted = [...present].sort(compareCheckpoints);
  const lastEpochs = new Set(sorted.filter(({ step }) => step === 0).slice(-rules.maxCheckpoints));
  const isKept = (checkpoint: CheckpointName) =>
    checkpoint.name === newest ||
    lastEpochs.has(checkpoint) ||
    (checkpoint.step === 0 && checkpoint.epoch === rules.bestEpoch);
  return { keep: sorted.filter(isKept), remove: sorted.filter((checkpoint) => !isKept(checkpoint)) };
}
