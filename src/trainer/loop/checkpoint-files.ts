import type { CommitOptions } from '../../checkpoint/index.js';
import { type EpochInfo, type EpochInfoStatus, systemErrorCode } from '../../protocol/index.js';
import type { BackgroundCommit } from './background-commit.js';
import { commitFinite, notFinite } from './commit-finite.js';
import { DivergedError } from './diverged-error.js';
import { bytesToHold, type HeldEntries } from './hold-variables.js';
import { createMemoryPool, memoryOf, takeFromOne } from './memory-pool.js';
import { holdTraining, type TrainingProgress } from './training-state.js';
import type { TrainingTensors } from './training-tensors.js';
import { waitUntilReady } from './wait-until-ready.js';

/** What the trainer needs to write its checkpoints. */
export interface CheckpointWriter {
  /**
   * Commits `ckpt-N` after epoch N = `next.epoch` − 1, with `epoch_info.json` in agreement, then prunes. In the background the
   * training waits only for the one before it and for the copy of its state.
   */
  readonly saveEpoch: (
    next: TrainingProgress,
    status: EpochInfoStatus,
    metrics: Readonly<Record<string, number>>,
  ) => Promise<void>;
  /** Commits a checkpoint inside epoch `progress.epoch`, and waits until it is on disk. */
  readonly savePartial: (progress: TrainingProgress, status: EpochInfoStatus) => Promise<void>;
  /** The same in the background; while another save is under way it waits or is left out, by policy. Returns whether it was begun. */
  readonly beginPartial: (progress: TrainingProgress) => Promise<boolean>;
  /** What a save costs: the mean of the latest few, without the first one, which warms up; undefined before the second. */
  readonly cost: () => SaveCost | undefined;
  /** Waits for the save under way. */
  readonly drain: () => Promise<void>;
  /** Fails when a save in the background has failed. */
  readonly assertSound: () => void;
  readonly close: () => Promise<void>;
}

/** Time that a save keeps the training waiting, and until it is on disk. */
export interface SaveCost {
  readonly stallSecs: number;
  readonly durationSecs: number;
}

export interface CheckpointWriterOptions {
  readonly directory: string;
  readonly tensors: TrainingTensors;
  readonly totalEpochs: number;
  readonly maxCheckpoints: number;
  /** Whether the best weights are the final ones when the training ends. */
  readonly restoresBest: boolean;
  readonly retention: NonNullable<CommitOptions['retention']>;
  /** Name of the last epoch checkpoint on disk, when resuming. */
  readonly lastCheckpoint: string | undefined;
  /** The thread that writes; undefined where the training's own does. */
  readonly background: BackgroundCommit | undefined;
  /** What a checkpoint inside an epoch does while another save is under way. */
  readonly whenBusy: 'skip' | 'wait';
  /** Takes what could not be saved while the training goes on without; undefined when that ends the attempt. */
  readonly onUnsaved: ((message: string) => void) | undefined;
}

/** A checkpoint could not be written. The one before it is intact. */
export class UnsavedError extends Error {
  override readonly name = 'UnsavedError';
}

/** Bytes of one save in memory, so many that few parts are left over: the graph of the objects has some hundred for each name. */
function roomFor(tensors: TrainingTensors): number {
  const { variables, counters, rates } = tensors;
  return bytesToHold(tensors) + 512 * (variables.size + counters.size + (rates?.size ?? 0)) + 64 * 1024;
}

/** Makes the writer of one training's checkpoints. */
export function createCheckpointWriter(options: CheckpointWriterOptions): CheckpointWriter {
  const { background } = options;
  const pool = createMemoryPool();
  let lastCheckpoint = options.lastCheckpoint;
  let underWay: Promise<void> | undefined;
  let failure: { readonly error: unknown } | undefined;
  let hasSaved = false;
  let costs: readonly SaveCost[] = [];

  const assertSound = () => {
    if (failure !== undefined) throw failure.error;
  };
  const drain = async () => {
    await underWay;
    assertSound();
  };
  const hold = (progress: TrainingProgress) => {
    const take = takeFromOne(pool, roomFor(options.tensors));
    return holdTraining(options.tensors, progress, take);
  };
  const write = async (content: Omit<CommitOptions, 'tensors'>, { entries, ready, release }: HeldEntries) => {
    try {
      const whole = { ...content, tensors: entries };
      if (background !== undefined) await background.commit(whole, ready);
      else {
        waitUntilReady(ready);
        await commitFinite(whole);
      }
      pool.giveBack(memoryOf(entries));
    } finally {
      release();
    }
  };
  /** Copies the state, and begins to write it. */
  const begin = async (name: string, progress: TrainingProgress, epochInfo: EpochInfo) => {
    const startedAtMs = performance.now();
    const held = await hold(progress);
    const { directory, maxCheckpoints, retention } = options;
    const written = write({ directory, name, epochInfo, maxCheckpoints, retention }, held);
    // To hand it over keeps the training waiting, too.
    const stallSecs = (performance.now() - startedAtMs) / 1000;
    underWay = written
      .then(() => {
        if (epochInfo.checkpoint === name) lastCheckpoint = name;
        const durationSecs = (performance.now() - startedAtMs) / 1000;
        if (hasSaved) costs = [...costs, { stallSecs, durationSecs }].slice(-keptCosts);
        hasSaved = true;
      })
      .catch((error: unknown) => {
        const { message } = error as Error;
        if (systemErrorCode(error) === notFinite) {
          failure = { error: new DivergedError(message, progress.epoch, progress.step - 1) };
          return;
        }
        const intact = lastCheckpoint === undefined ? 'there was none before' : `${lastCheckpoint} is intact`;
        const unsaved = new UnsavedError(`${name} could not be saved (${message}); ${intact}`, { cause: error });
        // Whoever is told that it ends may rely on what was saved.
        if (options.onUnsaved === undefined || epochInfo.status !== 'running') failure = { error: unsaved };
        else options.onUnsaved(unsaved.message);
      })
      .finally(() => {
        underWay = undefined;
      });
  };
  const beginPartial = async (progress: TrainingProgress, status: EpochInfoStatus) => {
    const name = `partial-${progress.epoch}-${progress.step}`;
    const partial = { epoch: progress.epoch, step: progress.step, checkpoint: name };
    const last = lastCheckpoint === undefined ? {} : { checkpoint: lastCheckpoint };
    await begin(name, progress, { ...epochInfoOf(progress, options, status), ...last, partial });
  };
  return {
    saveEpoch: async (next, status, metrics) => {
      await drain();
      const name = `ckpt-${next.epoch - 1}`;
      await begin(name, next, { ...epochInfoOf(next, options, status), checkpoint: name, metrics });
      if (background === undefined || status !== 'running') await drain();
    },
    savePartial: async (progress, status) => {
      await drain();
      await beginPartial(progress, status);
      await drain();
    },
    beginPartial: async (progress) => {
      if (underWay !== undefined && options.whenBusy === 'skip') return false;
      await drain();
      await beginPartial(progress, 'running');
      if (background === undefined) await drain();
      return true;
    },
    cost: () => meanOf(costs),
    drain,
    assertSound,
    close: async () => {
      await underWay;
      await background?.close();
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
    ...(isEnd(status) && { final: finalOf(progress, options) }),
  };
}

/** The checkpoint whose weights are the training's result: the best one, or the last. */
export function finalOf(
  progress: TrainingProgress,
  { restoresBest }: Pick<CheckpointWriterOptions, 'restoresBest'>,
): { readonly epoch: number; readonly checkpoint: string } {
  const epoch = restoresBest && progress.bestScore !== null ? progress.bestEpoch : progress.epoch - 1;
  return { epoch, checkpoint: `ckpt-${epoch}` };
}

function isEnd(status: EpochInfoStatus): boolean {
  return status === 'completed' || status === 'early_stopped';
}

const keptCosts = 10;

/** What is to be expected of the next save: rare long ones belong to it. */
function meanOf(costs: readonly SaveCost[]): SaveCost | undefined {
  if (costs.length === 0) return undefined;
  const mean = (part: keyof SaveCost) => costs.reduce((sum, cost) => sum + cost[part], 0) / costs.length;
  return { stallSecs: mean('stallSecs'), durationSecs: mean('durationSecs') };
}
