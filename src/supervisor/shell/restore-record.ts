import { statSync } from 'node:fs';
import { existsForeign, type Resumable } from '../../checkpoint/index.js';
import {
  epochInfoPath,
  isUnreadable,
  parseEpochInfo,
  readFileBounded,
  systemErrorCode,
  writeFileAtomic,
} from '../../protocol/index.js';

export interface RestoreOptions {
  readonly checkpointDir: string;
  readonly epochBase: 0 | 1;
  /** The contents of `epoch_info.json` that the journal has, newest first. */
  readonly readEpochInfos: () => readonly Readonly<Record<string, unknown>>[];
}

/**
 * When `epoch_info.json` names a checkpoint that is not there, as that of another run does, and the journal knows an earlier
 * content whose checkpoint is there, that one is put back. Returns a note of it, undefined when nothing was done: a trainer
 * of somebody else may name what only it can find.
 */
export function restoreRecord(
  { checkpointDir, epochBase, readEpochInfos }: RestoreOptions,
  found: Resumable,
): string | undefined {
  if (found.kind !== 'foreign' && found.kind !== 'none') return undefined;
  const recorded = readText(epochInfoPath(checkpointDir));
  const present = recorded === undefined ? undefined : parseEpochInfo(recorded, epochBase);
  if (present === undefined || isUnreadable(present)) return undefined;
  const named = [present.partial?.checkpoint, present.checkpoint].flatMap((name) => name ?? []);
  const isThere = (name: string) => existsForeign(checkpointDir, name);
  if (named.length === 0 || named.some(isThere)) return undefined;
  for (const record of readEpochInfos()) {
    const { partial: _, ...complete } = record;
    const text = JSON.stringify(complete);
    const info = parseEpochInfo(text, epochBase);
    if (isUnreadable(info) || info.checkpoint === undefined || !isThere(info.checkpoint)) continue;
    writeFileAtomic(epochInfoPath(checkpointDir), text);
    const what = `${info.checkpoint}: last completed epoch ${info.last_completed_epoch}`;
    return `epoch_info.json names ${named[0]}, which is not there; restored from the journal to ${what}`;
  }
  return undefined;
}

function readText(path: string): string | undefined {
  try {
    // An error for what is usual, no file yet, would cost a relaunch more than the look.
    if (statSync(path, { throwIfNoEntry: false }) === undefined) return undefined;
    return readFileBounded(path).toString('utf8');
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
