import { systemErrorCode } from '../../protocol/index.js';
import type { RunProcess } from './find-run-processes.js';
import { isRunning } from './processes.js';

/** Sends a signal to one process, if it is still the one that was meant. */
export function signalProcess(target: { readonly pid: number; readonly startTime: string }, signal: NodeJS.Signals) {
  if (isRunning(target)) send(target.pid, signal);
}

/**
 * Sends a signal to the trainer's whole process group, whose leader it is. A group outlives its leader, and its number is not
 * given to another process while a member lives; with the leader gone, only members with the run's token prove that it is ours.
 */
export function signalGroup(
  leader: { readonly pid: number; readonly startTime: string },
  signal: NodeJS.Signals,
  ours: () => readonly RunProcess[],
): void {
  if (isRunning(leader) || ours().some(({ group }) => group === leader.pid)) send(-leader.pid, signal);
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    // It ended in between, or a part of the group belongs to another user: what is ours has got the signal.
    if (!['ESRCH', 'EPERM'].includes(systemErrorCode(error) ?? '')) throw error;
  }
}
