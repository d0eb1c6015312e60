import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { epochInfoPath, isUnreadable, parseEpochInfo } from '../protocol/index.js';
import { removeCheckpoint } from './commit-checkpoint.js';
import { realFiles } from './file-ops.js';
import { listCheckpoints } from './list-checkpoints.js';
import { planRetention } from './retention-policy.js';
import { verifyCheckpoint } from './verify-checkpoint.js';

/**
 * Makes room: removes our checkpoints but the newest committed one and the best, and returns the names of the removed. Does
 * nothing unless `epoch_info.json` says which they are and the newest one is in order.
 * @throws the system error when something cannot be removed
 */
export function pruneCheckpoints(directory: string): string[] {
  const info = readEpochInfo(directory);
  if (info?.checkpoint === undefined) return [];
  if (!verifyCheckpoint(join(directory, info.checkpoint), 'full').ok) return [];
  const { remove } = planRetention(listCheckpoints(directory), info.checkpoint, {
    maxCheckpoints: 1,
    ...(info.best_epoch !== undefined && { bestEpoch: info.best_epoch }),
  });
  for (const { name } of remove) removeCheckpoint(realFiles, join(directory, name));
  return remove.map(({ name }) => name);
}

function readEpochInfo(directory: string) {
  try {
    const info = parseEpochInfo(readFileSync(epochInfoPath(directory), 'utf8'));
    return isUnreadable(info) ? undefined : info;
  } catch {
    return undefined;
  }
}
