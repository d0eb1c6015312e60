import { readdirSync, readFileSync, type Stats, statSync } from 'node:fs';
import { TrainerEnv } from '../../protocol/index.js';

/** A process as the kernel tells it. Pids are used again; pid and start time together are not, within one boot. */
export interface ProcessFacts {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  /** Clock ticks since boot, as text: compared only for equality. */
  readonly startTime: string;
  /** Ended, but not yet waited for by its parent. */
  readonly isZombie: boolean;
}

/** One process of a run, with the attempt that it descends from. */
export interface RunProcess extends ProcessFacts {
  readonly attempt: number | undefined;
  readonly command: string;
}

/** The facts of a process, or undefined when there is none. Source: proc(5), `/proc/<pid>/stat`. */
export function readProcess(pid: number): ProcessFacts | undefined {
  const stat = readProc(`${pid}/stat`)?.toString('latin1');
  if (stat === undefined) return undefined;
  // The second field is the command in parentheses, and may itself hold spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, parent, group] = fields;
  const startTime = fields[19];
  if (startTime === undefined) return undefined;
  return { pid, parent: Number(parent), group: Number(group), startTime, isZombie: state === 'Z' || state === 'X' };
}

/** Whether this very process still runs: the same pid, and the same start time. */
export function isRunning({ pid, startTime }: { readonly pid: number; readonly startTime: string }): boolean {
  const facts = readProcess(pid);
  return facts !== undefined && !facts.isZombie && facts.startTime === startTime;
}

let bootId: string | undefined;

/** Tells one boot of the machine from another; empty where the kernel does not say. */
export function readBootId(): string {
  bootId ??= readProc('sys/kernel/random/boot_id')?.toString('latin1').trim() ?? '';
  return bootId;
}

/**
 * Processes that carry no token of any run, by pid: they are not read again at the next scan. Descendants of a trainer carry
 * one from their first moment. Inode and time of a folder in /proc belong to one process only, so a pid that is used again is
 * read again.
 */
let strangers = new Map<number, Stats>();

/**
 * Every living process that carries the run's token in its environment, wherever it went: in a group or session of its own,
 * or adopted by init. Ourselves are left out. A process of another user cannot be read, and is not ours to end.
 */
export function findRunProcesses(token: string): RunProcess[] {
  const wanted = `${TrainerEnv.token}=${token}`;
  const seen = strangers;
  strangers = new Map();
  return listPids().flatMap((pid) => {
    if (pid === process.pid) return [];
    const folder = statSync(`/proc/${pid}`, { throwIfNoEntry: false });
    if (folder === undefined) return [];
    const known = seen.get(pid);
    if (known !== undefined && isSame(known, folder)) {
      strangers.set(pid, known);
      return [];
    }
    const environ = readProc(`${pid}/environ`);
    if (isSettled(folder) && isStranger(pid, environ)) strangers.set(pid, folder);
    const environment = environ?.toString('utf8').split('\0') ?? [];
    if (!environment.includes(wanted)) return [];
    const facts = readProcess(pid);
    if (facts === undefined || facts.isZombie) return [];
    return [{ ...facts, attempt: attemptOf(environment), command: commandOf(pid) }];
  });
}

/** The folder's time is that of our first look. Between fork and exec a trainer has the environment of who starts it. */
function isSettled({ ctimeMs }: Stats): boolean {
  return Math.abs(Date.now() - ctimeMs) > 1000;
}

function isSame(one: Stats, other: Stats): boolean {
  return one.ino === other.ino && one.ctimeMs === other.ctimeMs && one.uid === other.uid;
}

/** An empty environment says nothing, but for a kernel thread: a process that is just being executed has none yet. */
function isStranger(pid: number, environ: Buffer | undefined): boolean {
  if (environ === undefined) return true;
  return environ.length === 0 ? isKernelThread(pid) : !environ.includes(`${TrainerEnv.token}=`);
}

/** Source: proc(5), field 9 of `/proc/<pid>/stat`, and PF_KTHREAD of the kernel's sched.h. */
function isKernelThread(pid: number): boolean {
  const stat = readProc(`${pid}/stat`)?.toString('latin1') ?? '';
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
  return readProc(`${pid}/cmdline`)?.toString('utf8').replaceAll('\0', ' ').trim() ?? '';
}

/** A file below /proc; undefined when the process ended, is somebody else's, or there is no /proc. */
function readProc(path: string): Buffer | undefined {
  try {
    return readFileSync(`/proc/${path}`);
  } catch {
    return undefined;
  }
}
