import { mkdirSync } from 'node:fs';
import type { Experiment } from '../../config/schema.js';
import { epochInfoPath, readEpochInfo, writeFileAtomic } from '../../protocol/index.js';
import type { DivergedError } from './diverged-error.js';

/** A place where the training diverged: step `step` (from 0) of epoch `epoch` (from 1). */
export interface Rollback {
  readonly epoch: number;
  readonly step: number;
}

/** Whether this step's batch is left out, because the training diverged at it. Pure. */
export function isSkipped(
  { policy, skip_steps }: Experiment['rollback'],
  rollbacks: readonly Rollback[],
  epoch: number,
  step: number,
): boolean {
  if (policy !== 'skip_batches') return false;
  return rollbacks.some((place) => place.epoch === epoch && step > place.step - skip_steps && step <= place.step);
}

/** Factor on both learning rates after these rollbacks. Pure. */
export function rollbackRateFactor(
  { policy, lr_factor }: Experiment['rollback'],
  rollbacks: readonly Rollback[],
): number {
  return policy === 'cut_lr' ? lr_factor ** rollbacks.length : 1;
}

/** What a rollback changes, in a sentence. Pure. */
export function describeRollback(
  { policy, skip_steps, lr_factor }: Experiment['rollback'],
  { epoch, step }: Rollback,
): string {
  const change = {
    skip_batches:
      skip_steps === 1 ? 'its batch is left out' : `its batch and the ${skip_steps - 1} before it are left out`,
    cut_lr: `the learning rates are multiplied by ${lr_factor}`,
    none: 'nothing is changed',
  }[policy];
  return `The last attempt diverged at epoch ${epoch}, step ${step + 1}: ${change}.`;
}

/**
 * Notes in `epoch_info.json` that the training diverged, and where; what is saved stays as it is. Before the first save there
 * may be no folder yet.
 */
export function recordDivergence(checkpointDir: string, { epoch, step, message }: DivergedError): void {
  const info = readEpochInfo(checkpointDir) ?? { last_completed_epoch: 0 };
  const content = { ...info, status: 'diverged', diverged: { epoch, step, reason: message } };
  mkdirSync(checkpointDir, { recursive: true });
  writeFileAtomic(epochInfoPath(checkpointDir), JSON.stringify(content));
}

/** Adds the place where the last attempt diverged, if it did, to those that the checkpoint knows. */
export function collectRollbacks(
  known: readonly Rollback[] | undefined,
  latest: Rollback | undefined,
): readonly Rollback[] {
  const rollbacks = known ?? [];
  if (latest === undefined) return rollbacks;
  const isKnown = rollbacks.some(({ epoch, step }) => epoch === latest.epoch && step === latest.step);
  return isKnown ? rollbacks : [...rollbacks, latest];
}

/** Where the last attempt diverged; undefined when it did not. */
export function readDivergence(checkpointDir: string): Rollback | undefined {
  const info = readEpochInfo(checkpointDir);
  const place = info?.status === 'diverged' ? info['diverged'] : undefined;
  if (typeof place !== 'object' || place === null) return undefined;
  const { epoch, step } = place as Partial<Rollback>;
  return Number.isSafeInteger(epoch) && Number.isSafeInteger(step) ? (place as Rollback) : undefined;
}
