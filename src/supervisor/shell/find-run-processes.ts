import { readdirSync, type Stats, statSync } from 'node:fs';
import { monotonicMs, TrainerEnv } from '../../protocol/index.js';
import { type GivenPids, givenBetween, type PidCounter, readPidCounter, readPidMax } from './pid-counter.js';
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
/**
 * Numbers to look at again: of processes that are no strangers, or not for certain, and numbers just given under which nothing
 * was seen (a fork may be under way).
 */
let undecided = new Set<number>();
/** The counter of pids when the last look began. */
let lookedAt: PidCounter | undefined;
/** Processes when all were listed last: strangers that have ended since are forgotten at the next listing. */
let listed = 0;

/** What is left out of a search: all processes of an attempt; a child of ours that we have not waited for is not even read. */
export interface Excepted {
  readonly attempt?: number | undefined;
  readonly child?: number | undefined;
}

/** To list the folder takes no longer than to try more numbers than these. */
const mostTried = 64;

/**
 * Every living process that carries the run's token in its environment, wherever it went: in a group or session of its own,
 * or adopted by init. Ourselves are left out, and so is what is excepted. A process of another user cannot be read, and is not
 * ours to end.
 */
export function findRunProcesses(token: string, except: Excepted = {}): RunProcess[] {
  const candidates = listCandidates();
  undecided = new Set();
  return candidates.flatMap((candidate) => lookAt(candidate, token, except) ?? []);
}

interface Candidate {
  readonly pid: number;
  /** The stranger that had this number. */
  readonly known: Stats | undefined;
  /** Given since the last look. */
  readonly isNew: boolean;
}

/** What has to be looked at; strangers that need not stay in `strangers`. */
function listCandidates(): Candidate[] {
  const before = lookedAt;
  lookedAt = readPidCounter();
  const given = before && lookedAt && givenBetween(before, lookedAt, readPidMax());
  const isFew = given !== undefined && given.size <= mostTried && strangers.size <= 2 * listed + mostTried;
  return isFew ? takeGiven(given) : takeListed(before);
}

/** Few numbers were given: those, and the undecided. */
function takeGiven(given: GivenPids): Candidate[] {
  return [...new Set([...given.list(), ...undecided])].map((pid) => {
    const known = strangers.get(pid);
    strangers.delete(pid);
    return { pid, known, isNew: given.has(pid) };
  });
}

/** All processes, but for strangers whose numbers cannot have changed hands until now. */
function takeListed(before: PidCounter | undefined): Candidate[] {
  const seen = strangers;
  strangers = new Map();
  const pids = listPids();
  listed = pids.length;
  const counter = before && readPidCounter();
  const given = before && counter && givenBetween(before, counter, readPidMax());
  return pids.flatMap((pid) => {
    const known = seen.get(pid);
    if (known === undefined || given?.has(pid) !== false) return { pid, known, isNew: false };
    strangers.set(pid, known);
    return [];
  });
}

function lookAt({ pid, known, isNew }: Candidate, token: string, except: Excepted): RunProcess | undefined {
  if (pid === process.pid) return undefined;
  if (pid === except.child) {
    undecided.add(pid);
    return undefined;
  }
  const folder = statSync(`/proc/${pid}`, { throwIfNoEntry: false });
  if (folder === undefined) {
    if (isNew) undecided.add(pid);
    return undefined;
  }
  if (known !== undefined && isSame(known, folder)) {
    strangers.set(pid, known);
    return undefined;
  }
  const environ = readEnviron(pid);
  if (isSettled(folder) && isStranger(pid, environ)) strangers.set(pid, folder);
  else undecided.add(pid);
  if (environ?.includes(token) !== true) return undefined;
  const environment = environ.split('\0');
  const attempt = attemptOf(environment);
  if (
    !environment.includes(`${TrainerEnv.token}=${token}`) ||
    (except.attempt !== undefined && attempt === except.attempt)
  )
    return undefined;
  const facts = readProcess(pid);
  return facts === undefined || facts.isZombie || isThread(pid)
    ? undefined
    : { ...facts, attempt, command: commandOf(pid) };
}

/** An exec takes its time from its new memory to its arguments: under a millisecond, longer on a busy machine. */
const longestExecMs = 20;

/** The environment of a process; of one that is just being executed when that is done, unless it takes long. */
function readEnviron(pid: number): string | undefined {
  const giveUpAt = monotonicMs() + longestExecMs;
  for (;;) {
    const environ = readProc(`${pid}/environ`);
    if (environ !== '' || monotonicMs() > giveUpAt) return environ;
    // What was read may be of the memory that the exec has just given up.
    if (!isBeingExecuted(pid)) return readProc(`${pid}/environ`);
  }
}

/** In the middle of an exec nothing is known yet of where the environment ends, as otherwise only of what has no memory. */
function isBeingExecuted(pid: number): boolean {
  const { flags, environmentEnd } = readMemoryFacts(pid);
  return environmentEnd === 0 && (flags & (exiting | kernelThread)) === 0;
}

/** Threads have numbers too, which no listing shows. Source: proc(5), `Tgid` of `/proc/<pid>/status`. */
function isThread(pid: number): boolean {
  const process = /^Tgid:\s+(\d+)$/m.exec(readProc(`${pid}/status`) ?? '')?.[1];
  return process !== undefined && Number(process) !== pid;
}

/** Longer than any fork of a supervisor that died before us takes until its exec. */
const settledAfterSecs = 5;

/**
 * Between fork and exec a process has the environment of who starts it. What we start ourselves is past its exec when we look;
 * what the supervisor before us was just starting is told by the folder's time, which is that of our first look.
 */
function isSettled({ ctimeMs }: Stats): boolean {
  return process.uptime() > settledAfterSecs || Math.abs(Date.now() - ctimeMs) > 1000;
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

function isKernelThread(pid: number): boolean {
  return (readMemoryFacts(pid).flags & kernelThread) !== 0;
}

/** PF_EXITING, which zombies keep, and PF_KTHREAD. Source: the kernel's `include/linux/sched.h`. */
const exiting = 0x4;
const kernelThread = 0x0020_0000;

/** Source: proc(5), fields 9 (`flags`) and 51 (`env_end`) of `/proc/<pid>/stat`. */
function readMemoryFacts(pid: number): { flags: number; environmentEnd: number } {
  const stat = readProc(`${pid}/stat`) ?? '';
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { flags: Number(fields[6]), environmentEnd: Number(fields[48]) };
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
