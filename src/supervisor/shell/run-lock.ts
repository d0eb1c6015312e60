import { linkSync, lstatSync, mkdirSync, readdirSync, renameSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { readFileBounded, removeFile, SuperviseError, systemErrorCode, writeFileAtomic } from '../../protocol/index.js';
import { findRunProcesses } from './find-run-processes.js';
import { isRunning, readBootId, readProcess } from './processes.js';
import { randomToken } from './random-token.js';

/** Who holds a lock. */
export interface LockHolder {
  readonly pid: number;
  readonly start_time: string;
  readonly boot_id: string;
  readonly host: string;
  readonly token: string;
  readonly run_dir: string;
  readonly since: string;
  readonly nonce: string;
}

export interface LockOptions {
  readonly path: string;
  /** What is locked, for the message: `the run directory`. */
  readonly subject: string;
  readonly token: string;
  readonly runDir: string;
}

const mostTries = 20;

/**
 * Takes a lock file, and returns what releases it. It appears with its content at once (a hard link), so nobody reads half of
 * it. The lock of a supervisor that died is taken over, unless a trainer of another run of its still lives.
 * @throws LOCKED when somebody holds it, saying who; RUN_DIRECTORY when it cannot be written
 */
export function takeLock(options: LockOptions): () => void {
  const mine = describeOurselves(options);
  const temporary = `${options.path}.${mine.pid}.${mine.nonce}`;
  try {
    mkdirSync(dirname(options.path), { recursive: true });
    // A loss of power ends its holder as well: whatever is left of a lock then can be taken over.
    writeFileAtomic(temporary, `${JSON.stringify(mine)}\n`, { durable: false });
    for (let tries = 0; tries < mostTries; tries++) {
      if (!link(temporary, options.path) && !succeed(temporary, options)) continue;
      sweep(options.path);
      return () => release(options.path, mine);
    }
  } catch (error) {
    throw error instanceof SuperviseError ? error : cannotLock(options, error);
  } finally {
    removeFile(temporary);
  }
  throw new SuperviseError('LOCKED', { what: 'cannot take the lock', where: options.path, hint: 'try again' });
}

function cannotLock({ path, subject }: LockOptions, cause: unknown): SuperviseError {
  const what = `${subject} cannot be locked: ${cause instanceof Error ? cause.message : String(cause)}`;
  const hint = 'see that the directory is there, writable, and on a disk with room';
  return new SuperviseError('RUN_DIRECTORY', { what, where: path, hint }, { cause });
}

function describeOurselves({ token, runDir }: LockOptions): LockHolder {
  return {
    pid: process.pid,
    start_time: readProcess(process.pid)?.startTime ?? '',
    boot_id: readBootId(),
    host: hostname(),
    token,
    run_dir: runDir,
    since: new Date().toISOString(),
    nonce: randomToken(),
  };
}

function link(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (systemErrorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Puts our lock in the place of one whose holder is gone; false when it was released or taken over meanwhile. Who may do so is
 * settled by a file that one process alone can create: the succession to that very lock. The lock is not touched by anybody
 * else then, and never missing. An heir that died on the way is succeeded in the same manner.
 */
function succeed(temporary: string, options: LockOptions): boolean {
  const late = look(options.path);
  const isUnchanged = () => look(options.path)?.name === late?.name;
  for (let last = late, depth = 0; last !== undefined && depth < mostTries; depth++) {
    if (last !== late && !isUnchanged()) return false;
    if (last.holder !== undefined) refuseIfHeld(last.holder, options);
    const succession = `${options.path}.heir-${last.name}`;
    if (!link(temporary, succession)) {
      last = look(succession);
      continue;
    }
    if (isUnchanged()) {
      renameSync(temporary, options.path);
      return true;
    }
    removeFile(succession);
    return false;
  }
  return false;
}

/** Who holds the lock or the succession at `path`, by a name that no other holder ever has; undefined when there is none. */
function look(path: string): { readonly name: string; readonly holder: LockHolder | undefined } | undefined {
  const holder = readHolder(path);
  if (holder !== undefined) return { name: holder.nonce, holder };
  return lstatSync(path, { throwIfNoEntry: false }) && { name: 'unreadable', holder };
}

/** Removes what takers that died have left beside a lock that is ours now: a succession to any other lock means nothing. */
function sweep(path: string): void {
  const [folder, prefix] = [dirname(path), `${basename(path)}.`];
  for (const name of readdirSync(folder)) {
    if (!name.startsWith(prefix)) continue;
    const holder = readHolder(join(folder, name));
    const taker = Number(name.slice(prefix.length).split('.')[0]);
    const isAbandoned = holder === undefined ? readProcess(taker) === undefined : judgeHolder(holder) === 'dead';
    if (isAbandoned || name.startsWith(`${prefix}heir-`)) removeFile(join(folder, name));
  }
}

/** Whether the holder of a lock lives: the same process of the same boot. Nothing is known of other machines. */
export function judgeHolder(holder: LockHolder): 'alive' | 'dead' | 'elsewhere' {
  if (holder.host !== hostname()) return 'elsewhere';
  const isSame = holder.boot_id === readBootId() && isRunning({ pid: holder.pid, startTime: holder.start_time });
  return isSame ? 'alive' : 'dead';
}

function refuseIfHeld(holder: LockHolder, { path, subject, token }: LockOptions): void {
  const verdict = judgeHolder(holder);
  const isElsewhere = verdict === 'elsewhere';
  if (verdict !== 'dead') {
    const where = isElsewhere ? ` on ${holder.host}` : '';
    throw new SuperviseError('LOCKED', {
      what: `${subject} is in use: supervisor ${holder.pid}${where} keeps it since ${holder.since}`,
      where: path,
      hint: isElsewhere
        ? `stop it there; if that machine is gone for good, remove ${path}`
        : `let it run, or stop it with: supervise stop ${holder.run_dir}`,
    });
  }
  const [trainer] = holder.token === token ? [] : findRunProcesses(holder.token);
  if (trainer === undefined) return;
  throw new SuperviseError('LOCKED', {
    what: `${subject} is in use: process ${trainer.pid} of the run in ${holder.run_dir} still trains, without its supervisor`,
    where: path,
    hint: `start that run again to adopt it, or stop it with: supervise stop ${holder.run_dir}`,
  });
}

const holderTexts = ['start_time', 'boot_id', 'host', 'token', 'run_dir', 'since', 'nonce'] as const;

/** Who a lock file names; undefined when there is none, or it cannot be read. */
export function readHolder(path: string): LockHolder | undefined {
  try {
    const value = JSON.parse(readFileBounded(path).toString('utf8')) as Partial<LockHolder> | null;
    const isWhole = typeof value?.pid === 'number' && holderTexts.every((key) => typeof value[key] === 'string');
    // The nonce becomes a part of file names.
    return isWhole && /^[\w-]{1,64}$/.test(value.nonce ?? '') ? (value as LockHolder) : undefined;
  } catch {
    return undefined;
  }
}

function release(path: string, mine: LockHolder): void {
  if (readHolder(path)?.nonce === mine.nonce) removeFile(path);
}
