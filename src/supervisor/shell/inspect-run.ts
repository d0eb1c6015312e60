import { join } from 'node:path';
import {
  parseStatus,
  type RunState,
  type RunStatus,
  readEpochInfo,
  readFileBounded,
  runPaths,
} from '../../protocol/index.js';
import { readHistory } from '../run-history.js';
import { findAdoptable } from './find-adoptable.js';
import { findRunProcesses } from './find-run-processes.js';
import { readJournal } from './journal-writer.js';
import { judgeHolder, type LockHolder, readHolder } from './run-lock.js';

/**
 * Who looks after a run: a living supervisor, here or on another machine (of which nothing more is known); nobody, while its
 * trainer still runs (`orphaned`) or with nothing left of it (`dead`); nobody, because it `ended`; or it has never begun.
 */
export type Supervision = 'supervised' | 'elsewhere' | 'orphaned' | 'dead' | 'ended' | 'new';

/** A run as it is found from outside. */
export interface RunInspection {
  readonly runDir: string;
  readonly supervision: Supervision;
  readonly holder: LockHolder | undefined;
  /** The latest status; that of an orphaned run has the epochs of its `epoch_info.json`. */
  readonly status: RunStatus | undefined;
  /** The trainer of an orphaned run. */
  readonly trainer: number | undefined;
  /** All processes of a run without a supervisor; those of a dead one are leftovers of its trainer. */
  readonly processes: readonly number[];
}

const finalStates: readonly RunState[] = ['completed', 'gaveUp', 'stopped'];

/** Looks at a run without touching it. A supervised run costs two small files; only an orphaned one has its journal read. */
export function inspectRun(runDir: string): RunInspection {
  const paths = runPaths(runDir);
  const holder = readHolder(paths.lock);
  const status = readStatus(paths.status);
  const verdict = holder === undefined ? 'dead' : judgeHolder(holder);
  const found = { runDir, holder, status, trainer: undefined, processes: [] };
  if (verdict === 'alive') return { ...found, supervision: 'supervised' };
  if (verdict === 'elsewhere') return { ...found, supervision: 'elsewhere' };
  // It ended between the two looks.
  if (holder !== undefined && readHolder(paths.lock)?.nonce !== holder.nonce) return inspectRun(runDir);
  // The lock of a supervisor that ended is gone: one that is left was left by a death, whatever the status says.
  if (status !== undefined && finalStates.includes(status.state) && holder === undefined)
    return { ...found, supervision: 'ended' };
  const orphans = findOrphans(runDir, holder?.token);
  if (orphans.trainer !== undefined)
    return { ...found, ...orphans, supervision: 'orphaned', status: status && withProgress(status) };
  return { ...found, ...orphans, supervision: status === undefined && holder === undefined ? 'new' : 'dead' };
}

function findOrphans(runDir: string, heldBy: string | undefined): Pick<RunInspection, 'trainer' | 'processes'> {
  const history = readHistory(readEntries(runPaths(runDir).journal));
  const token = history.token ?? heldBy;
  const processes = token === undefined ? [] : findRunProcesses(token).map(({ pid }) => pid);
  return { trainer: findAdoptable(history)?.pid, processes };
}

function readEntries(path: string) {
  try {
    return readJournal(path).entries;
  } catch {
    return [];
  }
}

function readStatus(path: string): RunStatus | undefined {
  const text = readText(path);
  return text === undefined ? undefined : parseStatus(text);
}

/** Nobody keeps the status of an orphaned run: what its trainer writes is newer. */
function withProgress(status: RunStatus): RunStatus {
  const info = readEpochInfo(status.checkpoint_dir, readEpochBase(status.run_dir));
  if (info === undefined) return status;
  return {
    ...status,
    epochs_completed: info.last_completed_epoch,
    best_epoch: info.best_epoch ?? status.best_epoch,
    best_score: info.best_score ?? status.best_score,
    checkpoint: info.checkpoint ?? status.checkpoint,
  };
}

function readEpochBase(runDir: string): 0 | 1 {
  try {
    const text = readFileBounded(join(runDir, 'experiment.json')).toString('utf8');
    return (JSON.parse(text) as { trainer?: { epoch_base?: unknown } }).trainer?.epoch_base === 0 ? 0 : 1;
  } catch {
    return 1;
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileBounded(path).toString('utf8');
  } catch {
    return undefined;
  }
}
