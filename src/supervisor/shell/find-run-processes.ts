import { readdirSync, type Stats, statSync } from 'node:fs';
import { TrainerEnv } from '../../protocol/index.js';
import { givenBetween, type PidCounter, readPidCounter, readPidMax } from './pid-counter.js';
import { type ProcessFacts, readProc, readProcess } from './processes.js';

/** One process of a run, with the attempt that it descends from. */
export interface RunProcess extends ProcessFacts {
  readonly attempt: number | undefined;
  readonly command: string;
}

/**
 * Processes that carry no token of any run, by pid, with their folder in /proc, and the counter of pids when they were looked
 * at. They are not read again: descendants of a trainer carry a token from their first moment.
 */
let strangers = new Map<number, Stats>();
let lookedAt: PidCounter | undefined;

/**
 * Every living process that carries the run's token in its environment, wherever it went: in a group or session of its own,
 * or adopted by init. Ourselves are left out, and so are the processes of one attempt, if it is given. A process of another
 * user cannot be read, and is not ours to end.
 */
export function findRunProcesses(token: string, exceptAttempt?: number): RunProcess[] {
  const pids = listPids();
  // After the listing and before the reading: so it bounds what may have changed since, for those listed now and for the next look.
  const counter = readPidCounter();
  const mayBeNew = lookedAt && counter && givenBetween(lookedAt, counter, readPidMax());
  const seen = strangers;
  strangers = new Map();
  lookedAt = counter;
  const found: RunProcess[] = [];
  for (const pid of pids) {
    const known = seen.get(pid);
    if (known !== undefined && mayBeNew?.(pid) === false) strangers.set(pid, known);
    else if (pid !== process.pid) {
      const one = lookAt(pid, known, token, exceptAttempt);
      if (one !== undefined) found.push(one);
    }
  }
  return found;
}

function lookAt(pid: number, known: Stats | undefined, token: string, except: number | undefined) {
  const folder = statSync(`/proc/${pid}`, { throwIfNoEntry: false });
  if (folder === undefined) return undefined;
  if (known !== undefined && isSame(known, folder)) {
    strangers.set(pid, known);
    return undefined;
  }
  const environ = readProc(`${pid}/environ`);
  if (isSettled(folder) && isStranger(pid, environ)) strangers.set(pid, folder);
  if (environ?.includes(token) !== true) return undefined;
  const environment = environ.split('\0');
  const attempt = attemptOf(environment);
  if (!environment.includes(`${TrainerEnv.token}=${token}`) || (except !== undefined && attempt === except))
    return undefined;
  const facts = readProcess(pid);
  return facts === undefined || facts.isZombie ? undefined : { ...facts, attempt, command: commandOf(pid) };
}

/** The folder's time is that of our first look. Between fork and exec a trainer has the environment of who starts it. */
function isSettled({ ctimeMs }: Stats): boolean {
  return Math.abs(Date.now() - ctimeMs) > 1000;
}

/** Inode and time of a folder in /proc belong to one process only. */
function isSame(one: Stats, other: Stats): boolean {
  return one.ino === other.ino && one.ctimeMs === other.ctimeMs && one.uid === other.uid;
}

/** An empty environment says nothing, but for a kernel thread: a process that is just being executed has none yet. */
function isStranger(pid: number, environ: string | undefined): boolean {
  if (environ === undefined) return true;
  return environ === '' ? isKernelThread(pid) : !environ.includes(`${TrainerEnv.token}=`);
}

/** Source: proc(5), field 9 of `/proc/<pid>/stat`, and PF_KTHREAD of the kernel's sched.h. */
function isKernelThread(pid: number): boolean {
  const stat = readProc(`${pid}/stat`) ?? '';
  const flags = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[6]);
  return (flags & 0x0020_0000) !== 0;
}

function listPids(): number[] {
  try {
    return readdirSync('/proc').map(Number).filter(Number.isSafeInteger);
  } catch {
    return [];
  }
}

function attemptOf(environment: readonly string[]): number | undefined {
  const prefix = `${TrainerEnv.attempt}=`;
  const value = environment.find((entry) => entry.startsWith(prefix))?.slice(prefix.length);
  return value === undefined || !/^\d+$/.test(value) ? undefined : Number(value);
}

function commandOf(pid: number): string {
  const text = Buffer.from(readProc(`${pid}/cmdline`) ?? '', 'latin1').toString('utf8');
  return text.replaceAll('\0', ' ').trim();
}
