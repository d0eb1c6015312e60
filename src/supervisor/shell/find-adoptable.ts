import type { RunHistory } from '../run-history.js';
import { findRunProcesses } from './find-run-processes.js';
import { isRunning, readBootId } from './processes.js';

/** A trainer that outlived its supervisor. */
export interface Adoptable {
  readonly attempt: number;
  readonly pid: number;
  readonly startTime: string;
}

/**
 * Finds the trainer of the attempt that the journal leaves open. By pid, start time and boot; or, when the supervisor died
 * between launching it and writing that down, by the run's token and the attempt's number in its environment: it is the leader
 * of its group. Undefined when it is gone.
 */
export function findAdoptable({ openAttempt, openLaunch, token }: RunHistory): Adoptable | undefined {
  if (openAttempt === undefined || token === undefined) return undefined;
  if (openLaunch !== undefined) {
    const { pid, startTime, bootId } = openLaunch;
    return bootId === readBootId() && isRunning({ pid, startTime })
      ? { attempt: openAttempt, pid, startTime }
      : undefined;
  }
  const leader = findRunProcesses(token).find(({ pid, group, attempt }) => pid === group && attempt === openAttempt);
  return leader && { attempt: openAttempt, pid: leader.pid, startTime: leader.startTime };
}
