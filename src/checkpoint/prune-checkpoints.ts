import { join } from 'node:path';
import { readEpochInfo } from '../protocol/index.js';
import { checkpointStateFile, formatCheckpointState } from './checkpoint-state.js';
import { planCommitted, removeCheckpoint } from './commit-checkpoint.js';
import { type FileOps, realFiles, replaceFile } from './file-ops.js';
import type { RetentionRules } from './retention-policy.js';
import { verifyCheckpoint } from './verify-checkpoint.js';

/** What stays beside the newest and the best one. */
export type PruneRules = Omit<RetentionRules, 'maxCheckpoints' | 'bestEpoch'>;

/**
 * Makes room: removes our checkpoints but the newest committed one, the best, and what `rules` keep; returns the names of the
 * removed. Does nothing unless `epoch_info.json` says which they are and the newest one is in order.
 * @throws the system error when something cannot be removed
 */
export function pruneCheckpoints(directory: string, rules: PruneRules = {}, files: FileOps = realFiles): string[] {
  const info = readEpochInfo(directory);
  if (info?.checkpoint === undefined) return [];
  const isInside = info.partial !== undefined && info.partial.epoch === info.last_completed_epoch + 1;
  const newest = isInside && info.partial ? info.partial.checkpoint : info.checkpoint;
  if (!verifyCheckpoint(join(directory, newest), 'full').ok) return [];
  const { keep, remove } = planCommitted(directory, newest, {
    ...rules,
    maxCheckpoints: 1,
    ...(info.best_epoch !== undefined && { bestEpoch: info.best_epoch }),
  });
  if (remove.length === 0) return [];
  const state = formatCheckpointState({ latest: newest, all: keep.map(({ name }) => name) });
  replaceFile(files, join(directory, checkpointStateFile), [Buffer.from(state)]);
  files.fsyncDirectory(directory);
  for (const { name } of remove) removeCheckpoint(files, join(directory, name));
  return remove.map(({ name }) => name);
}
