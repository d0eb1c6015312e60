import type { Experiment } from '../../config/schema.js';
import type { EpochInfoStatus } from '../../protocol/index.js';
import type { ValidationMetrics } from './best-score.js';
import type { TrainingProgress } from './training-state.js';

/** What a validation yields: metrics of the restored lines, and the numbers for the epoch's record. */
export interface ValidationResult {
  /** Undefined in an epoch without validation. */
  readonly restored: ValidationMetrics | undefined;
  readonly record: Readonly<Record<string, number>>;
}

/** Everything that the loop needs of one training; the loop itself knows neither tensors nor files. */
export interface Training {
  readonly epochs: number;
  readonly stepsPerEpoch: number;
  readonly earlyStopping: Experiment['early_stopping'];
  /** Runs the step that this progress has come to and returns its losses. */
  readonly trainStep: (progress: TrainingProgress) => Promise<Readonly<Record<string, number>>>;
  /** The loss balance after a step with these losses; undefined when there is none to keep. */
  readonly rebalance: (
    progress: TrainingProgress,
    losses: Readonly<Record<string, number>>,
  ) => TrainingProgress['balance'];
  readonly reportStep: (progress: TrainingProgress, stepMs: number) => void;
  /** Notes one step in the diary, when one is kept. */
  readonly noteStep: (done: TrainingProgress, stepMs: number, losses: Readonly<Record<string, number>>) => void;
  readonly isValidationEpoch: (epoch: number) => boolean;
  /** Undefined when a stop was requested meanwhile. */
  readonly validate: (progress: TrainingProgress) => Promise<ValidationResult | undefined>;
  /** Commits the checkpoint of the epoch before `next.epoch`, its metrics line and epoch_info. */
  readonly saveEpoch: (
    next: TrainingProgress,
    metrics: Readonly<Record<string, number>>,
    status: EpochInfoStatus,
  ) => Promise<void>;
  /** Commits a checkpoint inside the epoch. */
  readonly savePartial: (progress: TrainingProgress, status?: EpochInfoStatus) => Promise<void>;
  readonly stopRequested: () => boolean;
  readonly takeSaveRequest: () => boolean;
  /** Whether the batch of this step is left out, because the training diverged at it before. */
  readonly isSkipped: (epoch: number, step: number) => boolean;
  /** The threshold that this step's losses pass, when they leap; undefined when they do not. */
  readonly findSpike: (losses: Readonly<Record<string, number>>) => number | undefined;
  /** Begins a checkpoint inside the epoch when one is due. */
  readonly saveIfDue: (progress: TrainingProgress) => Promise<void>;
  /** Waits until everything is saved. */
  readonly finishSaving: () => Promise<void>;
}
