import { closeSync, openSync, readFileSync, readSync } from 'node:fs';

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

/** The facts of a process, or undefined when there is none. Source: proc(5), `/proc/<pid>/stat`. */
export function readProcess(pid: number): ProcessFacts | undefined {
  const stat = readProc(`${pid}/stat`);
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
  bootId ??= readProc('sys/kernel/random/boot_id')?.trim() ?? '';
  return bootId;
}

const scratch = Buffer.allocUnsafeSlow(32 * 1024);

/**
 * Text below /proc, a character for a byte; undefined when the process ended, is somebody else's, or there is no /proc. One
 * call reads it, into a buffer that is used again: before every relaunch many of them are read.
 */
export function readProc(path: string): string | undefined {
  let file: number | undefined;
  try {
    file = openSync(`/proc/${path}`, 'r');
    const length = readSync(file, scratch, 0, scratch.length, 0);
    return length < scratch.length ? scratch.toString('latin1', 0, length) : readFileSync(`/proc/${path}`, 'latin1');
  } catch {
    return undefined;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
