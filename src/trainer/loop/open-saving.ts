import { join } from 'node:path';
import { retentionRules } from '../../config/retention-rules.js';
import type { BackgroundCommit } from './background-commit.js';
import { restoresBest } from './best-score.js';
import { createCheckpointWriter, UnsavedError } from './checkpoint-files.js';
import { appendMetrics, rewindMetrics } from './metrics-log.js';
import type { Reporter } from './reporter.js';
import type { Restored } from './restore-newest.js';
import { createSaveClock } from './save-clock.js';
import type { TrainerOptions } from './trainer-options.js';
import type { Training } from './training.js';
import type { TrainingProgress } from './training-state.js';
import type { TrainingTensors } from './training-tensors.js';

export interface SavingOptions extends TrainerOptions {
  readonly tensors: TrainingTensors;
  readonly stepsPerEpoch: number;
  readonly background: BackgroundCommit | undefined;
  readonly reporter: Reporter;
  readonly start: TrainingProgress;
  readonly restored: Restored | undefined;
}

/** How a training saves what it has done. */
export interface OpenedSaving {
  readonly ofTraining: Pick<Training, 'saveIfDue' | 'finishSaving' | 'saveEpoch' | 'savePartial'>;
  /** @throws what a checkpoint that was written in the background failed with */
  readonly assertSound: () => void;
  readonly close: () => Promise<void>;
}

/** Saves checkpoints and the lines of the metrics, from where the training starts. Lines after that are taken back. */
export function openSaving(options: SavingOptions): OpenedSaving {
  const { config, paths, log, tensors, stepsPerEpoch, background, reporter, start, restored } = options;
  const metricsPath = join(paths.runDir, 'metrics.jsonl');
  rewindMetrics(metricsPath, start.epoch - 1);
  const checkpoints = createCheckpointWriter({
    directory: paths.checkpointDir,
    tensors,
    totalEpochs: config.epochs,
    maxCheckpoints: config.checkpoints.max_checkpoints,
    restoresBest: restoresBest(config),
    retention: retentionRules(config),
    lastCheckpoint: restored?.lastCheckpoint,
    background,
    whenBusy: config.checkpoints.when_busy,
    onUnsaved:
      config.checkpoints.on_error === 'continue'
        ? (message) => log(`Warning: ${message}. The training goes on; the next checkpoint is tried again.`)
        : undefined,
  });
  const saves = createSaveClock(config.checkpoints.every, checkpoints.cost, start);
  const ofTraining: OpenedSaving['ofTraining'] = {
    saveIfDue: async (progress) => {
      if (saves.isDue(progress) && (await checkpoints.beginPartial(progress))) saves.reset(progress);
    },
    finishSaving: checkpoints.drain,
    saveEpoch: async (next, metrics, status) => {
      const epoch = next.epoch - 1;
      reporter.phase('checkpoint', { ...next, epoch, step: stepsPerEpoch });
      const line = { epoch, ...metrics, best_epoch: next.bestEpoch, timestamp: new Date().toISOString() };
      try {
        appendMetrics(metricsPath, line);
      } catch (error) {
        const message = `the metrics of epoch ${epoch} could not be written (${(error as Error).message})`;
        if (config.checkpoints.on_error === 'stop') throw new UnsavedError(message, { cause: error });
        log(`Warning: ${message}. The training goes on without them.`);
      }
      if (isSaved(options, next, status)) {
        await checkpoints.saveEpoch(next, status, metrics);
        saves.reset(next);
      }
      reporter.epoch(epoch, metrics, next);
    },
    savePartial: async (progress, status = 'running') => {
      reporter.phase('checkpoint', progress);
      await checkpoints.savePartial(progress, status);
      saves.reset(progress);
    },
  };
  return { ofTraining, assertSound: checkpoints.assertSound, close: checkpoints.close };
}

/** Whether this epoch's checkpoint is due; the last one always is, and the best one when it may be the result. */
function isSaved({ config }: TrainerOptions, next: TrainingProgress, status: string): boolean {
  const epoch = next.epoch - 1;
  if (status !== 'running') return true;
  const isBest = next.bestEpoch === epoch;
  if (config.checkpoints.save_best_only) return isBest;
  return epoch % config.checkpoints.save_interval === 0 || (isBest && restoresBest(config));
}
