import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type ChaosTarget, findLaunched, type LoopbackStore } from '../../chaos/index.js';
import type { LoadedExperiment } from '../../config/index.js';
import { type JournalEntry, parseHeartbeat, runPaths } from '../../protocol/index.js';
import type { ScratchRun } from '../scratch/scratch-run.js';
import type { Supervised } from './keep-supervised.js';
import { readText } from './read-text.js';

/** What of a scratch run the faults need to know. */
export interface TargetParts {
  readonly folder: string;
  readonly journal: () => readonly JournalEntry[];
  readonly supervised: Supervised;
  readonly store: LoopbackStore | undefined;
  readonly signal: AbortSignal;
}

/** What the faults of a scratch run strike. `root` has the data that were made for it. */
export function describeTarget(
  { loaded: { config }, root }: { readonly loaded: LoadedExperiment; readonly root: string },
  { checkpointDir, runDir, experimentPath }: ScratchRun,
  { folder, journal, supervised, store, signal }: TargetParts,
): ChaosTarget {
  const trainer = () => findLaunched(journal());
  return {
    ...{ folder, checkpointDir, experimentPath, trainer, supervisor: supervised, signal },
    ...(store !== undefined && { remote: store }),
    place: () => {
      const beat = readText(runPaths(runDir).heartbeat, parseHeartbeat);
      const isOfNow = beat !== undefined && beat.phase !== 'startup' && beat.attempt === trainer()?.attempt;
      return isOfNow ? { epoch: beat.epoch, step: beat.step } : undefined;
    },
    // Data that the experiment names are the user's own; what was made for the campaign may vanish.
    dataFiles: () => (config.data.dir === undefined ? listFiles(join(root, 'data')) : []),
  };
}

function listFiles(folder: string): string[] {
  try {
    const paths = readdirSync(folder, { recursive: true }).map((name) => join(folder, String(name)));
    return paths.filter((path) => statSync(path).isFile());
  } catch {
    return [];
  }
}
