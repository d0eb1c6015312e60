import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type EpochInfo,
  epochInfoPath,
  isUnreadable,
  parseEpochInfo,
  systemErrorCode,
  type Unreadable,
  writeFileAtomic,
} from '../protocol/index.js';
import { checkpointStateFile, formatCheckpointState } from './checkpoint-state.js';
import { epochInfoTensor } from './commit-checkpoint.js';
import { listCheckpoints, listNames } from './list-checkpoints.js';
import { openBundle } from './open-bundle.js';
import { type CheckpointName, compareCheckpoints, parseCheckpointName } from './retention-policy.js';
import { nextFolder } from './set-aside.js';
import { verifyCheckpoint } from './verify-checkpoint.js';
import { dataPath, indexPath } from './write-bundle.js';

/** What a checkpoint directory offers to a resume. */
export type Resumable =
  /** Nothing was ever committed there. */
  | { readonly kind: 'none'; readonly notes: readonly string[] }
  /** Checkpoints of ours without `epoch_info.json`: nobody knows what they belong to, so the run starts from scratch. */
  | { readonly kind: 'unrecorded'; readonly notes: readonly string[]; readonly checkpoints: readonly string[] }
  /** A checkpoint format of somebody else's: `epoch_info.json` is trusted; undefined when it is unreadable. */
  | { readonly kind: 'foreign'; readonly notes: readonly string[]; readonly epochInfo: EpochInfo | undefined }
  /** A verified checkpoint, with `epoch_info.json` in agreement. */
  | {
      readonly kind: 'checkpoint';
      readonly notes: readonly string[];
      readonly epochInfo: EpochInfo;
      readonly checkpoint: string;
    };

export interface FindOptions {
  readonly mode?: 'quick' | 'full';
  readonly epochBase?: 0 | 1;
  /** Why the newest good checkpoint is not wanted: it is put into quarantine, when there is another good one before it. */
  readonly stepBack?: string | undefined;
}

/** Folder inside a checkpoint directory that keeps damaged checkpoints, each with the reason. */
export const quarantineFolder = 'quarantine';

/**
 * Finds what a relaunch can resume from: the newest checkpoint that verifies. Damaged ones on the way are moved to
 * `quarantine/NNNN` with a `reason.txt`, never deleted; `checkpoint` and `epoch_info.json` are brought into agreement with
 * the one that is used. `notes` says what was done, one sentence each.
 * @throws the system error when something cannot be read or moved
 */
export function findResumable(directory: string, options: FindOptions = {}): Resumable {
  const { epochBase = 1 } = options;
  const recorded = readEpochInfo(directory, epochBase);
  const ours = listCheckpoints(directory);
  if (ours.length === 0) return resumeForeign(directory, recorded);
  if (recorded === undefined)
    return { kind: 'unrecorded', notes: ['epoch_info.json is missing'], checkpoints: ours.map(({ name }) => name) };
  const notes = isUnreadable(recorded)
    ? [`epoch_info.json is unreadable (${recorded.unreadable}); using the checkpoint's own record`]
    : [];
  return resumeNewestGood(directory, recorded, ours, options, notes);
}

function resumeForeign(directory: string, recorded: EpochInfo | Unreadable | undefined): Resumable {
  if (recorded === undefined) return { kind: 'none', notes: [] };
  // Somebody else's trainer may keep its checkpoints anywhere, and find them by itself.
  if (isUnreadable(recorded))
    return { kind: 'foreign', notes: [`epoch_info.json is unreadable (${recorded.unreadable})`], epochInfo: undefined };
  const named = recorded.checkpoint;
  const isLost =
    named !== undefined &&
    parseCheckpointName(named) !== undefined &&
    !listNames(directory).some((name) => name.startsWith(`${named}.`));
  if (isLost) return { kind: 'none', notes: [`epoch_info.json names ${named}, which is not there`] };
  return recorded.last_completed_epoch > 0 || recorded.partial
    ? { kind: 'foreign', notes: [], epochInfo: recorded }
    : { kind: 'none', notes: [] };
}

function resumeNewestGood(
  directory: string,
  recorded: EpochInfo | Unreadable,
  ours: CheckpointName[],
  { mode = 'full', stepBack }: FindOptions,
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
        `${checkpoint.name} is damaged (${verdict.reason}); moved to ${quarantine(directory, checkpoint.name, verdict.reason)}`,
      );
    if (good.length === wanted) break;
  }
  if (stepBack !== undefined && good.length === 2) {
    const { name } = good.shift() as CheckpointName;
    notes.push(`going back before ${name} (${stepBack}); moved to ${quarantine(directory, name, stepBack)}`);
  }
  const [newest] = good;
  if (newest === undefined) {
    notes.push('no committed checkpoint is usable');
    return { kind: 'none', notes };
  }
  const epochInfo = agree(directory, newest, recorded, candidates, notes);
  return { kind: 'checkpoint', notes, epochInfo, checkpoint: newest.name };
}

/** Brings `checkpoint` and `epoch_info.json` into agreement with the checkpoint that is used, when they are not. */
function agree(
  directory: string,
  used: CheckpointName,
  recorded: EpochInfo | Unreadable,
  candidates: readonly CheckpointName[],
  notes: string[],
): EpochInfo {
  const isAgreed = !isUnreadable(recorded) && compareCheckpoints(used, recordedPosition(recorded)) === 0;
  const epochInfo = isAgreed
    ? recorded
    : { ...(isUnreadable(recorded) ? {} : recorded), ...ownRecord(directory, used) };
  if (!isAgreed) {
    const text = JSON.stringify(used.step === 0 ? { ...epochInfo, partial: undefined } : epochInfo);
    writeFileAtomic(epochInfoPath(directory), text);
    notes.push(`epoch_info.json now says ${used.name}: last completed epoch ${epochInfo.last_completed_epoch}`);
    const older = candidates.filter((checkpoint) => compareCheckpoints(checkpoint, used) <= 0).map(({ name }) => name);
    writeFileAtomic(
      join(directory, checkpointStateFile),
      formatCheckpointState({ latest: used.name, all: older.reverse() }),
    );
  }
  return epochInfo;
}

/** The record that the checkpoint itself carries; its name is enough when it has none. */
function ownRecord(directory: string, used: CheckpointName): EpochInfo {
  const bundle = openBundle(join(directory, used.name));
  try {
    const fallback = { last_completed_epoch: used.epoch, checkpoint: used.name };
    if (!bundle.has(epochInfoTensor)) return fallback;
    const { data } = bundle.read(epochInfoTensor);
    const text = data instanceof Uint8Array ? data : data[0];
    const record = parseEpochInfo(new TextDecoder().decode(text));
    return isUnreadable(record) ? fallback : record;
  } finally {
    bundle.close();
  }
}

function recordedPosition({ last_completed_epoch, partial }: EpochInfo): CheckpointName {
  const isPartial = partial !== undefined && partial.epoch === last_completed_epoch + 1;
  return { name: '', epoch: last_completed_epoch, step: isPartial ? partial.step : 0 };
}

function quarantine(directory: string, name: string, reason: string): string {
  const folder = nextFolder(join(directory, quarantineFolder));
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'reason.txt'), `${new Date().toISOString()} ${name}: ${reason}\n`);
  for (const path of [
    indexPath(name),
    ...listNames(directory).filter((file) => file.startsWith(`${dataPath(name).slice(0, -'00000-of-00001'.length)}`)),
  ]) {
    moveIfPresent(join(directory, path), join(folder, path));
  }
  return folder;
}

function moveIfPresent(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error;
  }
}

function readEpochInfo(directory: string, epochBase: 0 | 1): EpochInfo | Unreadable | undefined {
  try {
    return parseEpochInfo(readFileSync(epochInfoPath(directory), 'utf8'), epochBase);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
