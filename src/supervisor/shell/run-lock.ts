import { randomUUID } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { SuperviseError, systemErrorCode, writeFileAtomic } from '../../protocol/index.js';
import { findRunProcesses, isRunning, readBootId, readProcess } from './processes.js';

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
 * @throws LOCKED when somebody holds it, saying who
 */
export function takeLock(options: LockOptions): () => void {
  const mine = describeOurselves(options);
  const temporary = `${options.path}.${mine.nonce}`;
  mkdirSync(dirname(options.path), { recursive: true });
  writeFileAtomic(temporary, `${JSON.stringify(mine)}\n`);
  try {
    for (let tries = 0; tries < mostTries; tries++) {
      if (link(temporary, options.path)) return () => release(options.path, mine);
      removeStale(options);
    }
  } finally {
    rmSync(temporary, { force: true });
  }
  throw new SuperviseError('LOCKED', { what: 'cannot take the lock', where: options.path, hint: 'try again' });
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
    nonce: randomUUID(),
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

/** Removes the lock of a holder that is gone. It is moved first, so that of two who do this, one removes it. */
function removeStale(options: LockOptions): void {
  const holder = readHolder(options.path);
  if (holder !== undefined) refuseIfHeld(holder, options);
  const moved = `${options.path}.stale-${randomUUID()}`;
  try {
    renameSync(options.path, moved);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return;
    throw error;
  }
  // Between the look and the move somebody else may have taken the lock over: then it is given back.
  if (readHolder(moved)?.nonce !== holder?.nonce) link(moved, options.path);
  rmSync(moved, { force: true });
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

/** Who a lock file names; undefined when there is none, or it cannot be read. */
export function readHolder(path: string): LockHolder | undefined {
  try {
    const value = JSON.parse(readFileSync(path, 'utf8')) as Partial<LockHolder> | null;
    return typeof value === 'object' && value !== null && typeof value.pid === 'number'
      ? (value as LockHolder)
      : undefined;
  } catch {
    return undefined;
  }
}

function release(path: string, mine: LockHolder): void {
  if (readHolder(path)?.nonce === mine.nonce) rmSync(path, { force: true });
}
