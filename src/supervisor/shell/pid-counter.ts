import { openSync, readSync } from 'node:fs';
import { readProc } from './processes.js';

/** How far the kernel has come in giving out process numbers. */
export interface PidCounter {
  /** The number given last. */
  readonly last: number;
  /** Processes and threads that were started since boot. */
  readonly forks: number;
  /** Processes and threads that there are. */
  readonly tasks: number;
}

/** The counter now; undefined where the kernel does not tell. Source: proc(5), `/proc/loadavg` and `/proc/stat`. */
export function readPidCounter(): PidCounter | undefined {
  if (!isOwnNamespace()) return undefined;
  // Started processes are read first: what starts in between makes the numbers seem fewer, and the answer a cautious one.
  const forks = /^processes (\d+)$/m.exec(readAgain('stat'))?.[1];
  const [, tasks, last] = /\/(\d+) (\d+)\s*$/.exec(readAgain('loadavg')) ?? [];
  if (forks === undefined || tasks === undefined || last === undefined) return undefined;
  return { last: Number(last), forks: Number(forks), tasks: Number(tasks) };
}

/** The process numbers that may have been given between two looks at the counter. */
export interface GivenPids {
  readonly has: (pid: number) => boolean;
  readonly size: number;
  readonly list: () => number[];
}

/** After the first round the kernel gives out no number below this. Source: `RESERVED_PIDS` of its pid.c. */
const firstAgain = 300;

/**
 * Tells whether a number may have been given to a process between two looks at the counter; undefined when any may. Numbers are
 * given in ascending order, begin anew at the end, and leave out those in use: with few processes started in between, and the
 * counter no further on than they took it, no number outside of the way that it went has changed hands. Pure.
 */
export function givenBetween(before: PidCounter, after: PidCounter, pidMax: number): GivenPids | undefined {
  const room = pidMax - firstAgain;
  const forks = after.forks - before.forks;
  const hasWrapped = after.last < before.last;
  const way = hasWrapped ? pidMax - before.last + after.last - firstAgain : after.last - before.last;
  // A group or session keeps the number of a leader that is gone: more numbers are in use than there are tasks.
  const inUse = 3 * Math.max(before.tasks, after.tasks);
  if (forks < 0 || 4 * (forks + inUse) > room || way > forks + inUse) return undefined;
  return {
    has: hasWrapped ? (pid) => pid > before.last || pid <= after.last : (pid) => pid > before.last && pid <= after.last,
    size: hasWrapped ? pidMax - before.last - 1 + after.last : way,
    list: () =>
      hasWrapped
        ? [...range(before.last + 1, pidMax), ...range(1, after.last + 1)]
        : range(before.last + 1, after.last + 1),
  };
}

function range(first: number, end: number): number[] {
  return Array.from({ length: Math.max(0, end - first) }, (_, index) => first + index);
}

let pidMax: number | undefined;

/** One more than the largest process number; 0 where the kernel does not tell. */
export function readPidMax(): number {
  pidMax ??= Number(readProc('sys/kernel/pid_max') ?? 0);
  return pidMax;
}

let isOwn: boolean | undefined;

/** Whether /proc shows the processes by the numbers that we know them by. */
function isOwnNamespace(): boolean {
  isOwn ??= readProc('self/stat')?.startsWith(`${process.pid} `) === true;
  return isOwn;
}

/** Kept open: they are read before every relaunch, and to open such a file takes longer than to read it. */
const files = new Map<string, number>();
const scratch = Buffer.allocUnsafeSlow(64 * 1024);

/** The beginning of a file of /proc as it is now; empty when it cannot be read. */
function readAgain(name: string): string {
  try {
    const file = files.get(name) ?? openSync(`/proc/${name}`, 'r');
    files.set(name, file);
    return scratch.toString('latin1', 0, readSync(file, scratch, 0, scratch.length, 0));
  } catch {
    return '';
  }
}
