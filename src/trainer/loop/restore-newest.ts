import { join } from 'node:path';
import {
  findResumable,
  listCheckpoints,
  openBundle,
  setAside,
  type VerifyMode,
  verifyCheckpoint,
} from '../../checkpoint/index.js';
import { readByObjectPath, restoreFromPython } from './python-checkpoint.js';
import { restoreTraining } from './restore-training.js';
import type { TrainerOptions } from './trainer-options.js';
import { progressKey, type TrainingProgress } from './training-state.js';
import type { TrainingTensors } from './training-tensors.js';

/** What a resume continues from. */
export interface Restored {
  readonly progress: TrainingProgress;
  /** Newest epoch checkpoint on disk. */
  readonly lastCheckpoint: string | undefined;
}

/**
 * Restores the newest good checkpoint, with `--resume`. Without it, with `--no_restore`, or when nothing there can be
 * continued, what the directory holds is set aside and the training starts afresh. `mode`: how thoroughly it is verified
 * before; `quick` is enough where the supervisor has just done it in full, because a tensor that is restored is checked again.
 * @throws CHECKPOINT_MISMATCH when the checkpoint belongs to other networks
 */
export async function restoreNewest(
  { config, paths, resume, noRestore, log }: TrainerOptions,
  tensors: TrainingTensors,
  { mode = config.checkpoints.verify }: { readonly mode?: VerifyMode } = {},
): Promise<Restored | undefined> {
  const directory = paths.checkpointDir;
  if (!resume || noRestore) return startAfresh(directory, log);
  const found = findResumable(directory, { mode });
  for (const note of found.notes) log(`Warning: ${note}`);
  if (found.kind !== 'checkpoint') {
    log(
      found.kind === 'none' && found.notes.length === 0
        ? 'No checkpoint found: starting from scratch.'
        : 'Starting from scratch.',
    );
    return startAfresh(directory, log);
  }
  log('Resuming.');
  log(`  Checkpoint directory: ${directory}`);
  log(`  Last checkpoint: ${found.checkpoint}`);
  log(`  Last completed epoch: ${found.epochInfo.last_completed_epoch}`);
  const bundle = openBundle(join(directory, found.checkpoint));
  try {
    const progress = bundle.has(progressKey)
      ? await restoreTraining(bundle, tensors)
      : await restoreFromPython(readByObjectPath(bundle), tensors, found.epochInfo, config.seed, log);
    const within = progress.step > 0 ? `, step ${progress.step}` : '';
    if (progress.epoch <= config.epochs) log(`  Continuing from epoch: ${progress.epoch}/${config.epochs}${within}`);
    log(`Restored from ${bundle.path}`);
    const lastCheckpoint = listCheckpoints(directory).findLast(({ step }) => step === 0)?.name;
    return { progress, lastCheckpoint };
  } finally {
    bundle.close();
  }
}

/** Bytes of a checkpoint that a rehearsal reads at most: the trainer at work needs the disk. */
const rehearsedBytes = 1 << 24;

/**
 * Reads the newest checkpoint, or its beginning, without using anything of it: what a restore runs is compiled then. Changes
 * nothing, and never fails: the trainer that works may remove the checkpoint meanwhile.
 */
export async function rehearseRestore(directory: string): Promise<void> {
  try {
    const newest = listCheckpoints(directory).at(-1);
    if (newest === undefined) return;
    const path = join(directory, newest.name);
    verifyCheckpoint(path, 'quick');
    const bundle = openBundle(path);
    try {
      let left = rehearsedBytes;
      const names = bundle.names.filter((name) => {
        left -= bundle.entries.get(name)?.size ?? 0;
        return left >= 0;
      });
      for await (const _ of bundle.readAll(names));
    } finally {
      bundle.close();
    }
  } catch {
    // What is wrong with it is told when it is to be used.
  }
}

function startAfresh(directory: string, log: (line: string) => void): undefined {
  const moved = setAside(directory);
  if (moved !== undefined) log(`Earlier checkpoints are kept in ${moved}`);
  return undefined;
}
