import { readdirSync } from 'node:fs';
import { systemErrorCode } from '../protocol/index.js';
import { type CheckpointName, compareCheckpoints, parseCheckpointName } from './retention-policy.js';

/** Our checkpoints in a directory that have an index, oldest first; empty when there is no such directory. */
export function listCheckpoints(directory: string): CheckpointName[] {
  return listNames(directory)
    .filter((name) => name.endsWith('.index'))
    .flatMap((name) => parseCheckpointName(name.slice(0, -'.index'.length)) ?? [])
    .sort(compareCheckpoints);
}

/** Names in a directory; empty when it is missing. */
export function listNames(directory: string): string[] {
  try {
    return readdirSync(directory).sort();
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return [];
    throw error;
  }
}
