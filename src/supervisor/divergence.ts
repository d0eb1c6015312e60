import type { Heartbeat } from '../protocol/index.js';
import type { Progress } from './progress.js';

/** A batch: `step` steps of epoch `epoch` (from 1) are done before it. */
export interface BatchPlace {
  readonly epoch: number;
  readonly step: number;
}

/** One divergence of the run; undefined `at`: nobody knows at which batch. */
export interface Divergence {
  readonly at: BatchPlace | undefined;
}

/** So many divergences of a run are remembered, the latest. */
export const keptDivergences = 100;

/** What is known of the attempt that diverged. */
export interface DivergedAttempt {
  /** Its last heartbeat. */
  readonly heartbeat: Heartbeat | undefined;
  /** Whether this trainer writes heartbeats at all. */
  readonly hasHeartbeats: boolean;
  /** The work that was saved when it ended. */
  readonly progress: Progress;
}

/**
 * The batch at which a training diverged: the one after those that the last heartbeat counts. Undefined without heartbeats, and
 * outside the training steps. Pure.
 */
export function findDivergence({ heartbeat, hasHeartbeats, progress }: DivergedAttempt): BatchPlace | undefined {
  // It diverged in the first step after its launch.
  const isBeforeFirst = heartbeat === undefined || heartbeat.phase === 'startup';
  if (isBeforeFirst) return hasHeartbeats ? { epoch: progress.epochs + 1, step: progress.partialStep } : undefined;
  const { phase, epoch, step, steps_per_epoch } = heartbeat;
  if (phase !== 'train') return undefined;
  return steps_per_epoch > 0 && step >= steps_per_epoch ? { epoch: epoch + 1, step: 0 } : { epoch, step };
}
