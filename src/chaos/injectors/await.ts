import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { isRunning, readProc, readProcess } from '../../supervisor/shell/processes.js';
import { type ChaosTarget, NotInjected, type Victim } from '../target.js';

const pollMs = 5;

/** Waits until `probe` gives something. @throws NotInjected when it does not in time, or when the run is over */
export async function until<Value>(
  target: ChaosTarget,
  what: string,
  probe: () => Value | undefined | false,
  timeoutMs = 10_000,
): Promise<Value> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const value = probe();
    if (value !== undefined && value !== false) return value;
    if (target.signal.aborted) throw new NotInjected(`the run was over before: ${what}`);
    if (performance.now() > deadline) throw new NotInjected(`waited ${timeoutMs} ms in vain: ${what}`);
    await sleep(pollMs);
  }
}

/** A trainer that lives; a run that backs off or waits may have none for a while. */
export function findTrainer(target: ChaosTarget): Promise<Victim> {
  return until(
    target,
    'a trainer that lives',
    () => {
      const victim = target.trainer();
      return victim !== undefined && isRunning(victim) ? victim : undefined;
    },
    120_000,
  );
}

/** Waits until a process has ended. */
export async function awaitEnd(target: ChaosTarget, victim: Victim, timeoutMs = 10_000): Promise<void> {
  // The end of the run may be what ends it.
  await until(
    { ...target, signal: new AbortController().signal },
    `the end of process ${victim.pid}`,
    () => !isRunning(victim),
    timeoutMs,
  );
}

/** Sends a signal to a process, or with `group` to its whole group. @throws NotInjected when it is gone */
export function send(victim: Victim, signal: NodeJS.Signals, { group = false } = {}): void {
  // Between the look and the signal a pid may be given to somebody else.
  if (!isRunning(victim)) throw new NotInjected(`process ${victim.pid} is gone already`);
  const isLeader = group && readProcess(victim.pid)?.group === victim.pid;
  process.kill(isLeader ? -victim.pid : victim.pid, signal);
}

/** A file below `/proc/<pid>`. @throws NotInjected when the process is gone */
export function readOf(pid: number, file: string): string {
  const text = readProc(`${pid}/${file}`);
  if (text === undefined) throw new NotInjected(`process ${pid} is gone already`);
  return text;
}

/** Stops a process, every thread of it, and waits until it stands still. */
export async function standStill(target: ChaosTarget, victim: Victim): Promise<void> {
  send(victim, 'SIGSTOP');
  // Whoever takes it for hung ends it, and none but a process that stood still is taken for hung.
  await until(target, `process ${victim.pid} to stand still`, () => isStopped(victim.pid) || !isRunning(victim));
}

/** Whether every thread of a process is stopped. */
export function isStopped(pid: number): boolean {
  try {
    return readdirSync(`/proc/${pid}/task`).every((thread) =>
      /\) [Tt] [^)]*$/.test(readProc(`${pid}/task/${thread}/stat`) ?? ''),
    );
  } catch {
    return false;
  }
}
