import type { Experiment } from '../../config/schema.js';

/** Position in the training: `epoch` from 1, `step` steps done in it, out of `stepsPerEpoch`. */
export interface Position {
  readonly epoch: number;
  readonly step: number;
  readonly stepsPerEpoch: number;
}

/**
 * Factor on both learning rates at a position: linear rise over `lr_warmup_epochs`, then, with `use_lr_schedule`, a cosine
 * decay to `lr_alpha` at `lr_decay_epochs` (SGDR without restarts, Loshchilov and Hutter 2017). Pure, in [0, 1].
 */
export function learningRateFactor(schedule: Experiment['schedule'], position: Position): number {
  const epochs = position.epoch - 1 + position.step / position.stepsPerEpoch;
  if (epochs < schedule.lr_warmup_epochs) return (epochs + 1 / position.stepsPerEpoch) / schedule.lr_warmup_epochs;
  if (!schedule.use_lr_schedule) return 1;
  const begin = Math.max(schedule.lr_warmup_epochs, schedule.lr_decay_from_epoch);
  const span = Math.max(schedule.lr_decay_epochs - begin, 1 / position.stepsPerEpoch);
  const progress = Math.min(Math.max(epochs - begin, 0) / span, 1);
  return schedule.lr_alpha + (1 - schedule.lr_alpha) * 0.5 * (1 + Math.cos(Math.PI * progress));
}

/** Factor on the CTC weight in an epoch (from 1): 0 through the warm-up, then rising linearly to 1 over the annealing. */
export function ctcFactor(schedule: Experiment['schedule'], epoch: number): number {
  const after = epoch - schedule.warmup_epochs;
  if (after <= 0) return 0;
  return schedule.annealing_epochs === 0 ? 1 : Math.min(after / (schedule.annealing_epochs + 1), 1);
}
