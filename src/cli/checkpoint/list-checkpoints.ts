import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { listCheckpoints, type Verdict, type VerifyMode, verifyCheckpoint } from '../../checkpoint/index.js';
import { readEpochInfo } from '../../protocol/index.js';
import { formatBytes, formatTime } from '../format.js';

/** One checkpoint of a directory, as `supervise checkpoint ls` tells it. */
export interface ListedCheckpoint {
  readonly name: string;
  /** Epochs it completes, and steps of the next. */
  readonly epoch: number;
  readonly step: number;
  readonly bytes: number;
  readonly saved_at: string;
  /** What a resume would use. */
  readonly is_newest: boolean;
  readonly is_best: boolean;
  /** Newer than `epoch_info.json`: its save was interrupted, and no resume uses it. */
  readonly is_committed: boolean;
  /** How far it was checked: its index, sizes and a sample of its tensors, or every byte. */
  readonly checked: VerifyMode;
  readonly ok: boolean;
  readonly reason?: string;
}

/** Lists the checkpoints of a directory, oldest first; `full` reads every byte of them. */
export function describeCheckpoints(directory: string, checked: VerifyMode): ListedCheckpoint[] {
  const info = readEpochInfo(directory);
  const newest = info?.partial?.checkpoint ?? info?.checkpoint;
  const all = listCheckpoints(directory);
  const newestAt = all.findIndex(({ name }) => name === newest);
  return all.map(({ name, epoch, step }, place) => {
    const verdict: Verdict = verifyCheckpoint(join(directory, name), checked);
    return {
      ...{ name, epoch, step, ...measureFiles(directory, name) },
      is_newest: name === newest,
      is_best: step === 0 && epoch === info?.best_epoch,
      is_committed: newestAt < 0 || place <= newestAt,
      ...{ checked, ok: verdict.ok },
      ...(!verdict.ok && { reason: verdict.reason }),
    };
  });
}

/** The cells of a line. */
export function describeInCells(listed: ListedCheckpoint): string[] {
  const { name, epoch, step, bytes, saved_at, checked, ok } = listed;
  const good = checked === 'full' ? 'verified' : 'sample in order';
  const marks = [listed.is_newest && 'newest', listed.is_best && 'best', !listed.is_committed && 'not committed'];
  return [
    name,
    step === 0 ? `epoch ${epoch}` : `epoch ${epoch} + ${step} steps`,
    formatBytes(bytes),
    formatTime(saved_at),
    ok ? good : 'damaged',
    marks.filter((mark) => mark !== false).join(', '),
  ];
}

function measureFiles(directory: string, name: string) {
  const files = readdirSync(directory).filter((file) => file.startsWith(`${name}.`));
  const stats = files.flatMap((file) => statSync(join(directory, file), { throwIfNoEntry: false }) ?? []);
  const newest = Math.max(0, ...stats.map(({ mtimeMs }) => mtimeMs));
  return { bytes: stats.reduce((total, { size }) => total + size, 0), saved_at: new Date(newest).toISOString() };
}
