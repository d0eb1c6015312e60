import { commitCheckpoint } from '../../checkpoint/index.js';
import type { EpochInfo, EpochInfoStatus } from '../../protocol/index.js';
import { snapshotTraining, type TrainingProgress, type TrainingTensors } from './training-state.js';

/** What the trainer needs to write its checkpoints. */
export interface CheckpointWriter {
  /** Commits `ckpt-N` after epoch N = `next.epoch` − 1, with `epoch_info.json` in agreement, then prunes. */
  readonly saveEpoch: (next: TrainingProgress, status: EpochInfoStatus) => Promise<void>;
  /** Commits a checkpoint inside epoch `progress.epoch`. */
  readonly savePartial: (progress: TrainingProgress, status: EpochInfoStatus) => Promise<void>;
}

export interface CheckpointWriterOptions {
  readonly directory: string;
  readonly tensors: TrainingTensors;
  readonly totalEpochs: number;
  readonly maxCheckpoints: number;
  /** Name of the last epoch checkpoint on disk, when resuming. */
  readonly lastCheckpoint: string | undefined;
}

/** Makes the writer of one training's checkpoints. */
export function createCheckpointWriter(options: CheckpointWriterOptions): CheckpointWriter {
  let lastCheckpoint = options.lastCheckpoint;
  const commit = async (name: string, progress: TrainingProgress, epochInfo: EpochInfo) => {
    const tensors = await snapshotTraining(options.tensors, progress);
    commitCheckpoint({
      directory: options.directory,
      name,
      tensors,
      epochInfo,
      maxCheckpoints: options.maxCheckpoints,
    });
  };
  return {
    saveEpoch: async (next, status) => {
      const name = `ckpt-${next.epoch - 1}`;
      await commit(name, next, { ...epochInfoOf(next, options, status), checkpoint: name });
      lastCheckpoint = name;
    },
    savePartial: async (progress, status) => {
      const name = `partial-${progress.epoch}-${progress.step}`;
      const partial = { epoch: progress.epoch, step: progress.step, checkpoint: name };
      const last = lastCheckpoint === undefined ? {} : { checkpoint: lastCheckpoint };
      await commit(name, progress, { ...epochInfoOf(progress, options, status), ...last, partial });
    },
  };
}

function epochInfoOf(progress: TrainingProgress, options: CheckpointWriterOptions, status: EpochInfoStatus): EpochInfo {
  return {
    format_version: 1,
    last_completed_epoch: progress.epoch - 1,
    total_epochs: options.totalEpochs,
    status,
    timestamp: new Date().toISOString(),
    ...(progress.bestScore !== null && { best_epoch: progress.bestEpoch, best_score: progress.bestScore }),
  };
}
