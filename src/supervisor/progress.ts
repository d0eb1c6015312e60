import { type EpochInfo, type EpochInfoStatus, isUnreadable, parseEpochInfo } from '../protocol/epoch-info.js';

/** Completed work as `epoch_info.json` tells it. */
export interface Progress {
  /** Completed epochs, from 1; 0 before the first. */
  readonly epochs: number;
  /** Steps of the next epoch that a checkpoint inside it holds. */
  readonly partialStep: number;
  readonly status?: EpochInfoStatus | undefined;
  readonly checkpoint?: string | undefined;
  readonly bestEpoch?: number | undefined;
  readonly bestScore?: number | undefined;
  /** The file's own content, as the trainer wrote it. */
  readonly raw?: Readonly<Record<string, unknown>> | undefined;
}

export const noProgress: Progress = { epochs: 0, partialStep: 0 };

/** Reads the completed work out of a parsed `epoch_info.json`; `raw` is its content before epochs were converted. */
export function progressOf(info: EpochInfo, raw?: Readonly<Record<string, unknown>>): Progress {
  const { last_completed_epoch: epochs, partial } = info;
  const isAhead = partial !== undefined && partial.epoch === epochs + 1;
  return {
    epochs,
    partialStep: isAhead ? partial.step : 0,
    status: info.status,
    checkpoint: isAhead ? partial.checkpoint : info.checkpoint,
    bestEpoch: info.best_epoch,
    bestScore: info.best_score,
    raw,
  };
}

/** Reads it out of a record of the file's own content, as the journal keeps it; undefined when there is none. */
export function progressOfRecord(
  raw: Readonly<Record<string, unknown>> | undefined,
  epochBase: 0 | 1,
): Progress | undefined {
  const info = parseEpochInfo(JSON.stringify(raw ?? null), epochBase);
  return isUnreadable(info) ? undefined : progressOf(info, raw);
}

/** Whether the run is done: every epoch is complete, or the trainer says that it stopped early. */
export function isFinished({ epochs, status }: Progress, epochsTotal: number): boolean {
  return epochs >= epochsTotal || status === 'early_stopped';
}

/** Whether `after` holds more completed work than `before`, down to the step. */
export function isAhead(after: Progress, before: Progress): boolean {
  return after.epochs > before.epochs || (after.epochs === before.epochs && after.partialStep > before.partialStep);
}

/** Whether the two tell the same. */
export function isSameProgress(left: Progress, right: Progress): boolean {
  return (
    left.epochs === right.epochs &&
    left.partialStep === right.partialStep &&
    left.status === right.status &&
    left.checkpoint === right.checkpoint &&
    left.bestEpoch === right.bestEpoch &&
    left.bestScore === right.bestScore
  );
}
