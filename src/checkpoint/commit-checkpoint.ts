import { join } from 'node:path';
import { type EpochInfo, epochInfoPath, SuperviseError } from '../protocol/index.js';
import type { TensorData } from './bundle-types.js';
import { checkpointStateFile, formatCheckpointState } from './checkpoint-state.js';
import { type FileOps, realFiles, replaceFile, temporarySuffix } from './file-ops.js';
import { listCheckpoints, listNames } from './list-checkpoints.js';
import { epochInfoTensor, withRecords } from './read-record.js';
import { needsRecords, planRetention, type RetentionRules } from './retention-policy.js';
import { runSteps, runStepsInTurns, type Steps } from './steps.js';
import { verifyCheckpoint } from './verify-checkpoint.js';
import { dataPath, indexPath, writeBundleSteps } from './write-bundle.js';

export interface CommitOptions {
  readonly directory: string;
  /** `ckpt-N` after epoch N, `partial-E-S` after step S of epoch E. */
  readonly name: string;
  readonly tensors: Iterable<readonly [string, TensorData]>;
  readonly epochInfo: EpochInfo;
  readonly maxCheckpoints: number;
  /** What is kept besides the newest `maxCheckpoints` and the best one. */
  readonly retention?: Omit<RetentionRules, 'maxCheckpoints' | 'bestEpoch'>;
  readonly files?: FileOps;
}

/**
 * Commits a checkpoint: data → fsync → index → fsync → directory fsync → read back (quick) → `checkpoint` (rename) →
 * `epoch_info.json` (rename) → directory fsync → only now prune. A crash between any two operations leaves the last committed
 * checkpoint loadable. Returns the bytes written.
 * @throws CHECKPOINT_CORRUPT when it does not read back as it was written, or the system error (ENOSPC, EIO, EROFS …): the
 * previous checkpoint and `epoch_info.json` are intact
 */
export function commitCheckpoint(options: CommitOptions): number {
  return runSteps(commitSteps(options));
}

/** The same for a thread that has nothing else to do, see `writeBundleAsync`. One commit at a time in a directory. */
export function commitCheckpointAsync(options: CommitOptions): Promise<number> {
  return runStepsInTurns(commitSteps(options));
}

function* commitSteps({
  directory,
  name,
  tensors,
  epochInfo,
  maxCheckpoints,
  retention = {},
  files = realFiles,
}: CommitOptions): Steps<number> {
  files.mkdir(directory);
  const before = listCheckpoints(directory);
  sweepTemporaries(directory, files);
  const record = Buffer.from(JSON.stringify(epochInfo));
  const bytes = yield* writeBundleSteps(join(directory, name), withRecord(tensors, record), files);
  files.fsyncDirectory(directory);
  assertReadsBack(directory, name);
  const plan = planCommitted(directory, name, {
    ...retention,
    maxCheckpoints,
    ...(epochInfo.best_epoch !== undefined && { bestEpoch: epochInfo.best_epoch }),
  });
  const state = formatCheckpointState({ latest: name, all: plan.keep.map((kept) => kept.name) });
  replaceFile(files, join(directory, checkpointStateFile), [Buffer.from(state)]);
  replaceFile(files, epochInfoPath(directory), [record]);
  files.fsyncDirectory(directory);
  const known = new Set(before.map((checkpoint) => checkpoint.name));
  for (const old of plan.remove) if (known.has(old.name)) removeCheckpoint(files, join(directory, old.name));
  return bytes;
}

/** Which of the checkpoints in a directory may go; their records are read only when a rule asks for them. */
export function planCommitted(directory: string, newest: string, rules: RetentionRules) {
  const present = listCheckpoints(directory);
  return planRetention(needsRecords(rules) ? withRecords(directory, present) : present, newest, rules);
}

function assertReadsBack(directory: string, name: string): void {
  const verdict = verifyCheckpoint(join(directory, name), 'quick');
  if (verdict.ok) return;
  const what = `${name} does not read back as it was written: ${verdict.reason}`;
  throw new SuperviseError('CHECKPOINT_CORRUPT', { what, where: directory, hint: 'check the disk (dmesg)' });
}

/** Removes a checkpoint's files, the index first, so that what is left over is never taken for a checkpoint. */
export function removeCheckpoint(files: FileOps, prefix: string): void {
  files.remove(indexPath(prefix));
  files.remove(dataPath(prefix));
}

/** Removes what interrupted commits have left under temporary names, and data files whose index never came. */
function sweepTemporaries(directory: string, files: FileOps): void {
  const names = listNames(directory);
  const present = new Set(names);
  for (const name of names) {
    const prefix = /^((?:ckpt|partial)-[\d-]+)\.data-00000-of-00001$/.exec(name)?.[1];
    const isOrphan = prefix !== undefined && !present.has(`${prefix}.index`);
    if (isOrphan || isTemporary(name)) files.remove(join(directory, name));
  }
}

function isTemporary(name: string): boolean {
  return name.endsWith(temporarySuffix) && /^(ckpt-|partial-|checkpoint\.|epoch_info\.json\.)/.test(name);
}

function* withRecord(
  tensors: Iterable<readonly [string, TensorData]>,
  record: Uint8Array,
): Generator<readonly [string, TensorData]> {
  yield* tensors;
  yield [epochInfoTensor, { dtype: 'string', shape: [], data: [record] }];
}
