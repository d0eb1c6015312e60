import { existsSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import {
  type EpochInfo,
  epochInfoPath,
  isNoFile,
  isUnreadable,
  parseEpochInfo,
  readFileBounded,
} from '../../protocol/index.js';
import { type FileOps, realFiles, replaceFile } from '../file-ops.js';
import { listNames } from '../list-checkpoints.js';
import { quarantineFiles } from '../quarantine.js';
import type { VerifyMode } from '../verify-checkpoint.js';
import { indexPath } from '../write-bundle.js';
import { type FoundEpoch, findByPattern, guessPattern } from './epoch-pattern.js';
import { verifyForeign } from './verify-foreign.js';

export interface ForeignOptions {
  readonly mode?: VerifyMode;
  readonly epochBase?: 0 | 1;
  /** Where the checkpoint of an epoch lies, with `{epoch}` as the trainer counts it. */
  readonly pattern?: string | undefined;
  /** Why the newest good checkpoint is not wanted: it is put into quarantine, when there is another good one before it. */
  readonly stepBack?: string | undefined;
  readonly files?: FileOps;
}

/** What `epoch_info.json` says now, and what was done to it. */
export interface ForeignResume {
  readonly epochInfo: EpochInfo;
  readonly notes: readonly string[];
}

/**
 * Verifies the checkpoint that a trainer of somebody else names in `epoch_info.json` (or that the pattern names for its last
 * epoch). A damaged one, and good ones that are not wanted, go to `quarantine/` when an earlier good one is found, and
 * `epoch_info.json` says that one. When none is found nothing is moved, and the notes say why: the trainer may know better.
 * @throws the system error when something cannot be read or moved
 */
export function resumeForeign(directory: string, recorded: EpochInfo, options: ForeignOptions): ForeignResume {
  const { epochBase = 1, pattern } = options;
  const last = recorded.last_completed_epoch - (1 - epochBase);
  const epochPattern = pattern ?? guessPattern(recorded.checkpoint ?? '', last);
  const torn = epochPattern === undefined ? [] : setAsideTorn(directory, epochPattern, last, options);
  // What stood in the way may be gone: only then is it known whether going back is still wanted.
  const wanted = torn.length > 0 ? { ...options, stepBack: undefined } : options;
  const { epochInfo, notes } = resumeRecorded(directory, recorded, last, epochPattern, wanted);
  return { epochInfo, notes: [...torn, ...notes] };
}

/** Many trainers resume from the newest file they find: one that was torn while it was written, before it was recorded, must go. */
function setAsideTorn(
  directory: string,
  pattern: string,
  last: number,
  { mode = 'full', files = realFiles }: ForeignOptions,
): string[] {
  const newer = findByPattern(directory, pattern).filter(({ epoch }) => epoch > last);
  return newer.flatMap(({ path }) => {
    const verdict = verifyForeign(resolve(directory, path), mode);
    if (verdict.ok) return [];
    const moved = quarantineForeign(files, directory, path, verdict.reason);
    return moved === undefined
      ? []
      : [`${path} was never recorded and is damaged (${verdict.reason}); moved to ${moved}`];
  });
}

function resumeRecorded(
  directory: string,
  recorded: EpochInfo,
  last: number,
  epochPattern: string | undefined,
  options: ForeignOptions,
): ForeignResume {
  const { mode = 'full', pattern, stepBack } = options;
  const current = currentCheckpoint(directory, recorded, last, pattern);
  if (current === undefined) return { epochInfo: recorded, notes: [] };
  if (isAround(directory, current.path))
    return { epochInfo: recorded, notes: [`${current.path} is no checkpoint: the checkpoint directory lies in it`] };
  const verdict = verifyForeign(resolve(directory, current.path), mode);
  if (verdict.ok && stepBack === undefined) return { epochInfo: recorded, notes: [] };
  const reason = verdict.ok ? (stepBack ?? '') : verdict.reason;
  const trouble = verdict.ok
    ? `going back before ${current.path} (${reason})`
    : `${current.path} is damaged (${reason})`;
  if (epochPattern === undefined) {
    const hint = 'its name does not tell which files belong to earlier epochs; set trainer.checkpoint_pattern';
    return { epochInfo: recorded, notes: [`${trouble}, and there is no stepping back: ${hint}`] };
  }
  const bad: Bad[] = [{ path: current.path, reason }];
  const isEarlier = ({ epoch, path }: FoundEpoch) =>
    epoch <= current.epoch && resolve(directory, path) !== resolve(directory, current.path);
  for (const earlier of findByPattern(directory, epochPattern).filter(isEarlier)) {
    const one = verifyForeign(resolve(directory, earlier.path), mode);
    if (one.ok) return stepTo(directory, earlier, bad, trouble, options);
    bad.push({ path: earlier.path, reason: one.reason });
  }
  const hint = `no good checkpoint of an earlier epoch is found as ${epochPattern}; launching with what there is`;
  return { epochInfo: recorded, notes: [`${trouble}: ${hint}`] };
}

/** A folder around the checkpoint directory, as far as the whole machine, is neither read through nor moved. */
function isAround(directory: string, path: string): boolean {
  const inside = relative(resolve(directory, path), resolve(directory));
  return inside !== '' && inside !== '..' && !inside.startsWith(`..${sep}`) && !isAbsolute(inside);
}

interface Bad {
  readonly path: string;
  readonly reason: string;
}

/** Where the trainer stands, and the last epoch that an earlier checkpoint may have: within an epoch that is the complete one. */
function currentCheckpoint(
  directory: string,
  { checkpoint, partial, last_completed_epoch }: EpochInfo,
  last: number,
  pattern: string | undefined,
): FoundEpoch | undefined {
  if (partial !== undefined && partial.epoch === last_completed_epoch + 1)
    return { path: locateForeign(directory, partial.checkpoint), epoch: last };
  if (checkpoint !== undefined) return { path: locateForeign(directory, checkpoint), epoch: last - 1 };
  if (pattern === undefined) return undefined;
  const found = findByPattern(directory, pattern).find(({ epoch }) => epoch === last)?.path;
  return { path: found ?? pattern.replace('{epoch}', String(last)), epoch: last - 1 };
}

/** The path of a checkpoint as `epoch_info.json` names it: its ending may be left out. */
export function locateForeign(directory: string, named: string): string {
  const path = resolve(directory, named);
  if (existsSync(path) || existsSync(indexPath(path))) return named;
  const [only, ...others] = namesIn(dirname(path)).filter((name) => name.startsWith(`${basename(path)}.`));
  return only === undefined || others.length > 0 ? named : `${named}${only.slice(basename(path).length)}`;
}

/** Whether something lies where `epoch_info.json` names a checkpoint. */
export function existsForeign(directory: string, named: string): boolean {
  const path = resolve(directory, locateForeign(directory, named));
  return existsSync(path) || existsSync(indexPath(path));
}

/** Whatever the record names as a folder may be none. */
function namesIn(folder: string): string[] {
  try {
    return listNames(folder);
  } catch (error) {
    if (isNoFile(error)) return [];
    throw error;
  }
}

function stepTo(
  directory: string,
  to: FoundEpoch,
  bad: readonly Bad[],
  trouble: string,
  { epochBase = 1, files = realFiles }: ForeignOptions,
): ForeignResume {
  const notes = bad.map(({ path, reason }, index) => {
    const what = index === 0 ? trouble : `${path} is damaged (${reason})`;
    const moved = quarantineForeign(files, directory, path, reason);
    return moved === undefined ? what : `${what}; moved to ${moved}`;
  });
  const { partial: _, ...raw } = JSON.parse(readFileBounded(epochInfoPath(directory)).toString('utf8')) as Record<
    string,
    unknown
  >;
  const wasAbsolute = typeof raw['checkpoint'] === 'string' && isAbsolute(raw['checkpoint']);
  const text = JSON.stringify({
    ...raw,
    last_completed_epoch: to.epoch,
    checkpoint: wasAbsolute ? resolve(directory, to.path) : to.path,
    ...('status' in raw && { status: 'running' }),
  });
  replaceFile(files, epochInfoPath(directory), [Buffer.from(text)]);
  files.fsyncDirectory(directory);
  const epochInfo = parseEpochInfo(text, epochBase);
  if (isUnreadable(epochInfo)) throw new Error(`epoch_info.json was written unreadable: ${epochInfo.unreadable}`);
  return { epochInfo, notes: [...notes, `epoch_info.json now says ${to.path}: last completed epoch ${to.epoch}`] };
}

/** One that lies outside the checkpoint directory goes to a quarantine beside itself: a rename cannot leave its disk. */
function quarantineForeign(files: FileOps, directory: string, path: string, reason: string): string | undefined {
  const whole = resolve(directory, path);
  const inside = relative(directory, whole);
  const isInside = inside !== '' && !inside.startsWith('..') && !isAbsolute(inside);
  const [home, name] = isInside ? [directory, inside] : [dirname(whole), basename(whole)];
  const names = filesOf(home, name);
  return names.length === 0 ? undefined : quarantineFiles(files, home, path, names, reason);
}

/** A file or folder, or the files of a TensorFlow checkpoint; the index last, as long as it is there the rest is found. */
function filesOf(home: string, name: string): string[] {
  if (existsSync(join(home, name))) return [name];
  const parts = listNames(dirname(join(home, name))).filter((part) => part.startsWith(`${basename(name)}.data-`));
  const data = parts.map((part) => join(dirname(name), part));
  return existsSync(join(home, indexPath(name))) ? [...data, indexPath(name)] : data;
}
