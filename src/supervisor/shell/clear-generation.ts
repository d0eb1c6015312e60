import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs } from '../../protocol/index.js';
import { type Excepted, findRunProcesses, type RunProcess } from './find-run-processes.js';
import { isRunning } from './processes.js';
import { signalProcess } from './signal-process.js';

export interface ClearOptions {
  readonly token: string;
  /** What is no leftover: a spare that waits, or a trainer that is adopted. */
  readonly except?: Excepted;
  /** Time between SIGTERM and SIGKILL. */
  readonly graceMs: number;
  /** How long a process may outlive SIGKILL. */
  readonly killWaitMs: number;
}

export interface Cleared {
  readonly removed: readonly RunProcess[];
  /** Those that even SIGKILL has not ended: no trainer may start beside them. */
  readonly survivors: readonly RunProcess[];
}

const pollMs = 20;
const mostRounds = 5;

/**
 * Ends every process of the run, descendants in groups and sessions of their own included: SIGTERM, a grace, SIGKILL, and a
 * bounded wait. It looks again until it finds none, because a process may start another while it is being ended.
 */
export async function clearGeneration({ token, except = {}, graceMs, killWaitMs }: ClearOptions): Promise<Cleared> {
  const removed = new Map<number, RunProcess>();
  const find = () => findRunProcesses(token, except);
  for (let round = 0; round < mostRounds; round++) {
    const found = find();
    if (found.length === 0) return { removed: [...removed.values()], survivors: [] };
    for (const target of found) removed.set(target.pid, target);
    await end(found, 'SIGTERM', round === 0 ? graceMs : 0);
    await end(found, 'SIGKILL', killWaitMs);
  }
  const survivors = find();
  const alive = new Set(survivors.map(({ pid }) => pid));
  return { removed: [...removed.values()].filter(({ pid }) => !alive.has(pid)), survivors };
}

async function end(targets: readonly RunProcess[], signal: NodeJS.Signals, waitMs: number): Promise<void> {
  for (const target of targets) {
    signalProcess(target, signal);
    signalProcess(target, 'SIGCONT');
  }
  const deadline = monotonicMs() + waitMs;
  while (monotonicMs() < deadline && targets.some(isRunning)) await sleep(pollMs);
}
