import { closeSync, constants, openSync, readFileSync, readlinkSync, readSync, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { monotonicMs } from '../../protocol/index.js';
import { messageOf, selectKernelLines } from '../kernel-lines.js';

/** The kernel's log. */
export interface KernelLog {
  /** Passes over what is there: what is read later has come after it. The first time takes milliseconds, and no more than these. */
  readonly skip: (withinMs?: number) => void;
  /** The same where a launch waits for it. False when the old lines were never passed over: that takes too long. */
  readonly skipNew: () => boolean;
  /** New lines that concern these processes, the disk of this directory, or a GPU that is gone. */
  readonly read: (about: { readonly pids: readonly number[]; readonly directory: string }) => string[];
  readonly close: () => void;
}

/** A relaunch waits for it: whatever a machine writes into its log, no more than this is spent on it. */
const budgetMs = 2;
const skipBudgetMs = 500;
/** So many are read all the same: where others compete for the processors, the time may be over before the first. */
const leastRecords = 20;
const longestRecord = 8192;

/** Opens the kernel's log; where it may not be read (it takes rights, in containers mostly), it tells nothing. */
export function openKernelLog(path = '/dev/kmsg'): KernelLog {
  let file: number | undefined;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    // Not being allowed to read it is the usual case.
  }
  const bytes = Buffer.allocUnsafe(longestRecord);
  let isCurrent = false;
  const skip = (withinMs: number) => {
    isCurrent = drain(file, bytes, withinMs, () => undefined);
  };
  return {
    skip: (withinMs = skipBudgetMs) => skip(withinMs),
    skipNew: () => {
      if (isCurrent) skip(budgetMs);
      return isCurrent;
    },
    read: ({ pids, directory }) => {
      const lines: string[] = [];
      drain(file, bytes, budgetMs, (length) => {
        if (isCurrent) lines.push(messageOf(bytes.toString('utf8', 0, length)));
      });
      return lines.length === 0 ? [] : selectKernelLines(lines, { pids, disks: disksOf(directory) });
    },
    close: () => {
      if (file !== undefined) closeSync(file);
      file = undefined;
    },
  };
}

/** Reads on; returns whether it came to the end. */
function drain(file: number | undefined, bytes: Buffer, withinMs: number, take: (length: number) => void): boolean {
  if (file === undefined) return false;
  // The end is told by an error, whose stack would take longer than all else.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return readRecords(file, bytes, monotonicMs() + withinMs, take);
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** Each read gives one record; those that were overwritten meanwhile are told by EPIPE. */
function readRecords(file: number, bytes: Buffer, deadline: number, take: (length: number) => void): boolean {
  for (let records = 0; records < leastRecords || monotonicMs() < deadline; records++) {
    try {
      const length = readSync(file, bytes, 0, bytes.length, null);
      if (length === 0) return true;
      take(length);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'EPIPE') return code === 'EAGAIN';
    }
  }
  return false;
}

/** The block device that has a directory, and the whole disk that it is a part of. Source: sysfs(5). */
function disksOf(directory: string): string[] {
  try {
    const { dev } = statSync(directory);
    const folder = readlinkSync(`/sys/dev/block/${majorOf(dev)}:${minorOf(dev)}`);
    const isPart = isReadable(`/sys/dev/block/${majorOf(dev)}:${minorOf(dev)}/partition`);
    return isPart ? [basename(folder), basename(dirname(folder))] : [basename(folder)];
  } catch {
    return [];
  }
}

/** Source: makedev(3) of glibc; Node gives the number as the C library has it. */
function majorOf(dev: number): number {
  return Math.floor(dev / 256) & 0xfff;
}

function minorOf(dev: number): number {
  return (dev & 0xff) + (Math.floor(dev / 2 ** 12) & 0xfff00);
}

function isReadable(path: string): boolean {
  try {
    return readFileSync(path, 'utf8') !== '';
  } catch {
    return false;
  }
}
