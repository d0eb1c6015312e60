import { type CommittedCheckpoint, planRetention, type RetentionRules } from '../retention-policy.js';

/** A committed checkpoint of one generation, with what its manifest says of metrics and time. */
export interface RemoteCommitted extends CommittedCheckpoint {
  readonly sequence: number;
}

/**
 * Which checkpoints at a store may go now that the one of the latest commit is there: those that the rules of the local
 * directory would remove, and those that the same place of the training has a later one for. Pure.
 */
export function planRemoteRetention<Checkpoint extends RemoteCommitted>(
  present: readonly Checkpoint[],
  rules: RetentionRules,
): Checkpoint[] {
  const latest = present.reduce<Checkpoint | undefined>(
    (most, one) => (most === undefined || one.sequence > most.sequence ? one : most),
    undefined,
  );
  if (latest === undefined) return [];
  const isOvertaken = (one: Checkpoint) =>
    present.some(({ epoch, step, sequence }) => epoch === one.epoch && step === one.step && sequence > one.sequence);
  const current = present.filter((one) => !isOvertaken(one));
  const { remove } = planRetention(current, latest.name, rules);
  return [...present.filter(isOvertaken), ...remove];
}

/** The order in which a restore tries them: the latest commit, and then back from its place in the training. Pure. */
export function orderForRestore<Checkpoint extends Pick<RemoteCommitted, 'epoch' | 'step' | 'sequence'>>(
  ofGeneration: readonly Checkpoint[],
): Checkpoint[] {
  const bySequence = ofGeneration.toSorted((left, right) => right.sequence - left.sequence);
  const [latest, ...others] = bySequence;
  if (latest === undefined) return [];
  const place = (left: Checkpoint, right: Checkpoint) =>
    right.epoch - left.epoch || right.step - left.step || right.sequence - left.sequence;
  // What lies ahead of it was given up when the training went back.
  return [latest, ...others.filter((one) => place(one, latest) >= 0).sort(place)];
}
