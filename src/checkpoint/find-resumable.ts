import { statSync } from 'node:fs';
import { join } from 'node:path';
import {
  type EpochInfo,
  epochInfoPath,
  isUnreadable,
  parseEpochInfo,
  readFileBounded,
  systemErrorCode,
  type Unreadable,
} from '../protocol/index.js';
import { checkpointStateFile, formatCheckpointState } from './checkpoint-state.js';
import { type FileOps, realFiles, replaceFile } from './file-ops.js';
import { type ForeignOptions, resumeForeign } from './foreign/resume-foreign.js';
import { listCheckpoints, listNames } from './list-checkpoints.js';
import { quarantineCheckpoint } from './quarantine.js';
import { readOwnRecord } from './read-record.js';
import { type CheckpointName, compareCheckpoints, parseCheckpointName } from './retention-policy.js';
import { verifyCheckpoint } from './verify-checkpoint.js';

/** What a checkpoint directory offers to a resume. */
export type Resumable =
  /** Nothing was ever committed there. */
  | { readonly kind: 'none'; readonly notes: readonly string[] }
  /** Checkpoints of ours without `epoch_info.json`: nobody knows what they belong to, so the run starts from scratch. */
  | { readonly kind: 'unrecorded'; readonly notes: readonly string[]; readonly checkpoints: readonly string[] }
  /** Somebody else's trainer: what `epoch_info.json` says, verified as far as it names a checkpoint; undefined when unreadable. */
  | { readonly kind: 'foreign'; readonly notes: readonly string[]; readonly epochInfo: EpochInfo | undefined }
  /** A verified checkpoint, with `epoch_info.json` in agreement. */
  | {
      readonly kind: 'checkpoint';
      readonly notes: readonly string[];
      readonly epochInfo: EpochInfo;
      readonly checkpoint: string;
    };

/** How thoroughly it is looked, and in whose way epochs are counted and checkpoints named. */
export type FindOptions = ForeignOptions;

/**
 * Finds what a relaunch can resume from: the newest checkpoint that verifies. Damaged ones on the way are moved to
 * `quarantine/NNNN` with a `reason.txt`, never deleted; `checkpoint` and `epoch_info.json` are brought into agreement with
 * the one that is used. `notes` says what was done, one sentence each.
 * @throws the system error when something cannot be read or moved
 */
export function findResumable(directory: string, options: FindOptions = {}): Resumable {
  const { epochBase = 1 } = options;
  const recorded = readRecorded(directory, epochBase);
  const ours = listCheckpoints(directory);
  if (ours.length === 0) return resumeOthers(directory, recorded, options);
  if (recorded === undefined)
    return { kind: 'unrecorded', notes: ['epoch_info.json is missing'], checkpoints: ours.map(({ name }) => name) };
  const notes = isUnreadable(recorded)
    ? [`epoch_info.json is unreadable (${recorded.unreadable}); using the checkpoint's own record`]
    : [];
  return resumeNewestGood(directory, recorded, ours, options, notes);
}

function resumeOthers(
  directory: string,
  recorded: EpochInfo | Unreadable | undefined,
  options: FindOptions,
): Resumable {
  if (recorded === undefined) return { kind: 'none', notes: [] };
  // Somebody else's trainer may keep its checkpoints anywhere, and find them by itself.
  if (isUnreadable(recorded))
    return { kind: 'foreign', notes: [`epoch_info.json is unreadable (${recorded.unreadable})`], epochInfo: undefined };
  const named = recorded.checkpoint;
  const isLost =
    named !== undefined &&
    parseCheckpointName(named) !== undefined &&
    !listNames(directory).some((name) => name === named || name.startsWith(`${named}.`));
  if (isLost) return { kind: 'none', notes: [`epoch_info.json names ${named}, which is not there`] };
  return recorded.last_completed_epoch > 0 || recorded.partial
    ? { kind: 'foreign', ...resumeForeign(directory, recorded, options) }
    : { kind: 'none', notes: [] };
}

function resumeNewestGood(
  directory: string,
  recorded: EpochInfo | Unreadable,
  ours: CheckpointName[],
  { mode = 'full', stepBack, files = realFiles }: FindOptions,
  found: string[],
): Resumable {
  const notes = [...found];
  const limit = isUnreadable(recorded) ? undefined : recordedPosition(recorded);
  const uncommitted = limit === undefined ? [] : ours.filter((checkpoint) => compareCheckpoints(checkpoint, limit) > 0);
  const candidates = ours.filter((checkpoint) => !uncommitted.includes(checkpoint)).reverse();
  const wanted = stepBack === undefined ? 1 : 2;
  const good: CheckpointName[] = [];
  for (const checkpoint of candidates) {
    const verdict = verifyCheckpoint(join(directory, checkpoint.name), mode);
    if (verdict.ok) good.push(checkpoint);
    else
      notes.push(
        `${checkpoint.name} is damaged (${verdict.reason}); moved to ${quarantineCheckpoint(files, directory, checkpoint.name, verdict.reason)}`,
      );
    if (good.length === wanted) break;
  }
  if (stepBack !== undefined && good.length === 2) {
    const { name } = good.shift() as CheckpointName;
    notes.push(
      `going back before ${name} (${stepBack}); moved to ${quarantineCheckpoint(files, directory, name, stepBack)}`,
    );
  }
  const [newest] = good;
  if (newest === undefined) {
    notes.push('no committed checkpoint is usable');
    return { kind: 'none', notes };
  }
  const epochInfo = agree(directory, newest, recorded, candidates, files, notes);
  return { kind: 'checkpoint', notes, epochInfo, checkpoint: newest.name };
}

/**
 * Brings `checkpoint` and `epoch_info.json` into agreement with the checkpoint that is used, when they are not; in that order,
 * so that a repair that is interrupted is seen and done again.
 */
function agree(
  directory: string,
  used: CheckpointName,
  recorded: EpochInfo | Unreadable,
  candidates: readonly CheckpointName[],
  files: FileOps,
  notes: string[],
): EpochInfo {
  if (!isUnreadable(recorded) && compareCheckpoints(used, recordedPosition(recorded)) === 0) return recorded;
  const own = readOwnRecord(join(directory, used.name));
  // The checkpoint's name is enough when it has no record; how a run ended that had gone further says nothing of it.
  const fallback = { last_completed_epoch: used.epoch, checkpoint: used.name, status: 'running' } as const;
  const epochInfo = { ...(isUnreadable(recorded) ? {} : recorded), ...(own ?? fallback) };
  const older = candidates.filter((checkpoint) => compareCheckpoints(checkpoint, used) <= 0).map(({ name }) => name);
  const state = formatCheckpointState({ latest: used.name, all: older.reverse() });
  replaceFile(files, join(directory, checkpointStateFile), [Buffer.from(state)]);
  const text = JSON.stringify(used.step === 0 ? { ...epochInfo, partial: undefined } : epochInfo);
  replaceFile(files, epochInfoPath(directory), [Buffer.from(text)]);
  files.fsyncDirectory(directory);
  notes.push(`epoch_info.json now says ${used.name}: last completed epoch ${epochInfo.last_completed_epoch}`);
  return epochInfo;
}

function recordedPosition({ last_completed_epoch, partial }: EpochInfo): CheckpointName {
  const isPartial = partial !== undefined && partial.epoch === last_completed_epoch + 1;
  return { name: '', epoch: last_completed_epoch, step: isPartial ? partial.step : 0 };
}

function readRecorded(directory: string, epochBase: 0 | 1): EpochInfo | Unreadable | undefined {
  const path = epochInfoPath(directory);
  // An error for what is usual, no record yet, would cost more than the look.
  if (statSync(path, { throwIfNoEntry: false }) === undefined) return undefined;
  try {
    return parseEpochInfo(readFileBounded(path).toString('utf8'), epochBase);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
