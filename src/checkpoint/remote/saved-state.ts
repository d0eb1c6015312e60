import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import {
  type EpochInfo,
  epochInfoPath,
  isUnreadable,
  parseEpochInfo,
  readFileBounded,
  systemErrorCode,
} from '../../protocol/index.js';
import { findByPattern, guessPattern } from '../foreign/epoch-pattern.js';
import { locateForeign } from '../foreign/resume-foreign.js';
import { listNames } from '../list-checkpoints.js';
import { readOwnRecord } from '../read-record.js';
import { indexPath } from '../write-bundle.js';
import { RemoteError } from './remote-error.js';

/** A checkpoint as it lies in its directory: whatever files it consists of, and the record that belongs to it. */
export interface SavedState {
  /** Completed epochs, counted from 1, and steps of the next one. */
  readonly epoch: number;
  readonly step: number;
  /** Relative to the directory; undefined when the trainer names none: then it is all that lies there. */
  readonly checkpoint: string | undefined;
  readonly isBundle: boolean;
  /** Relative to the directory. */
  readonly files: readonly string[];
  /** As the trainer writes it. */
  readonly epochInfo: Readonly<Record<string, unknown>>;
}

export interface SavedStateOptions {
  readonly directory: string;
  readonly epochBase: 0 | 1;
  readonly pattern?: string | undefined;
}

type Raw = Readonly<Record<string, unknown>>;

/** What `epoch_info.json` calls the newest; undefined when there is nothing yet. @throws RemoteError when it lies elsewhere */
export function newestState(options: SavedStateOptions): SavedState | undefined {
  const read = readRecord(options);
  if (read === undefined) return undefined;
  const { info, raw } = read;
  const { directory, epochBase, pattern } = options;
  const { last_completed_epoch: epoch, partial } = info;
  if (partial !== undefined && partial.epoch === epoch + 1)
    return describe(directory, { epoch, step: partial.step, named: partial.checkpoint, raw });
  if (epoch === 0) return undefined;
  const own = `ckpt-${epoch}`;
  const byPattern = () =>
    pattern === undefined ? undefined : pathOfEpoch(directory, pattern, epoch - (1 - epochBase));
  const named = info.checkpoint ?? byPattern() ?? (existsSync(indexPath(join(directory, own))) ? own : undefined);
  return describe(directory, { epoch, step: 0, named, raw });
}

/** The best epoch's, while it is there and not the newest. */
export function bestState(options: SavedStateOptions): SavedState | undefined {
  const read = readRecord(options);
  const best = read?.info.best_epoch;
  if (read === undefined || best === undefined || best < 1) return undefined;
  const { info, raw } = read;
  const { directory, epochBase, pattern } = options;
  const shift = 1 - epochBase;
  const guessed = pattern ?? guessPattern(info.checkpoint ?? '', info.last_completed_epoch - shift);
  const own = `ckpt-${best}`;
  const named = existsSync(indexPath(join(directory, own)))
    ? own
    : guessed === undefined
      ? undefined
      : pathOfEpoch(directory, guessed, best - shift);
  if (named === undefined) return undefined;
  const { partial: _, ...complete } = raw;
  const record = {
    ...complete,
    ...{ last_completed_epoch: best - shift, checkpoint: named },
    ...('status' in raw && { status: 'running' }),
    ...(named === own && readOwn(join(directory, own))),
  };
  return describe(directory, { epoch: best, step: 0, named, raw: record });
}

function readRecord({ directory, epochBase }: SavedStateOptions): { info: EpochInfo; raw: Raw } | undefined {
  try {
    const text = readFileBounded(epochInfoPath(directory)).toString('utf8');
    const info = parseEpochInfo(text, epochBase);
    return isUnreadable(info) ? undefined : { info, raw: JSON.parse(text) as Raw };
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function describe(
  directory: string,
  { epoch, step, named, raw }: { epoch: number; step: number; named: string | undefined; raw: Raw },
): SavedState | undefined {
  if (named === undefined) {
    const files = listFiles(directory).filter(isContent);
    return files.length === 0
      ? undefined
      : { epoch, step, checkpoint: undefined, isBundle: false, files, epochInfo: raw };
  }
  const located = locateForeign(directory, named);
  const inside = relative(directory, resolve(directory, located));
  if (inside === '' || inside.startsWith('..') || isAbsolute(inside))
    throw new RemoteError(`${named} lies outside of the checkpoint directory ${directory}`, {
      isPassing: false,
      fix: 'let the trainer save into SUPERVISE_CHECKPOINT_DIR, or set checkpoint_dir to where it saves',
    });
  const checkpoint = inside.split(sep).join('/');
  const isBundle = existsSync(indexPath(join(directory, inside)));
  const files = isBundle ? filesOfBundle(directory, inside) : filesOf(directory, inside);
  return { epoch, step, checkpoint, isBundle, files, epochInfo: raw };
}

/** The index last, as everywhere. */
function filesOfBundle(directory: string, prefix: string): string[] {
  const folder = dirname(prefix);
  const data = listNames(join(directory, folder)).filter((name) => name.startsWith(`${basename(prefix)}.data-`));
  return [...data.map((name) => toSlashes(join(folder, name))), toSlashes(indexPath(prefix))];
}

function filesOf(directory: string, path: string): string[] {
  const whole = join(directory, path);
  if (!statSync(whole).isDirectory()) return [toSlashes(path)];
  return listFiles(whole).map((inner) => toSlashes(join(path, inner)));
}

function listFiles(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => toSlashes(relative(folder, join(entry.parentPath, entry.name))))
    .sort();
}

/** What is a trainer's own, and not of us, of earlier runs, or under construction. */
function isContent(path: string): boolean {
  const [first = ''] = path.split('/');
  return !/^(\.|epoch_info\.json|quarantine$|previous$)/.test(first) && !/\.(tmp|new|part|partial)$/.test(path);
}

function pathOfEpoch(directory: string, pattern: string, epoch: number): string | undefined {
  return findByPattern(directory, pattern).find((found) => found.epoch === epoch)?.path;
}

function readOwn(prefix: string): EpochInfo | undefined {
  try {
    return readOwnRecord(prefix);
  } catch {
    // One that is damaged is found out when it is verified.
    return undefined;
  }
}

function toSlashes(path: string): string {
  return path.split(sep).join('/');
}
