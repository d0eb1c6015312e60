import { setTimeout as sleep } from 'node:timers/promises';
import { SuperviseError } from '../protocol/index.js';
import { inspectRun, type RunInspection } from '../supervisor/shell/inspect-run.js';
import { isRunning } from '../supervisor/shell/processes.js';
import { signalProcess } from '../supervisor/shell/signal-process.js';
import type { StopOptions } from './stop-options.js';

const pollMs = 50;
/** How long a supervisor may take to note a request before the second one is sent. */
const noteMs = 5000;
const echoMs = 400;

/**
 * Ends a run: its supervisor is asked to, and lets the trainer save; a trainer without one is adopted for that. Returns how the
 * run is found afterwards. Only a process that the lock proves to be the supervisor (pid, start time and boot) is signalled.
 * @throws LOCKED when the run is supervised on another machine
 */
export async function stopRun(options: StopOptions): Promise<RunInspection> {
  const found = inspectRun(options.runDir);
  if (found.supervision === 'elsewhere')
    throw new SuperviseError('LOCKED', {
      what: `supervisor ${found.holder?.pid} runs on ${found.holder?.host}`,
      where: options.runDir,
      hint: 'stop it there',
    });
  if (found.supervision === 'orphaned' || (found.supervision === 'dead' && found.processes.length > 0)) {
    const { stopOrphan } = await import('./stop-orphan.js');
    return stopOrphan(found, options);
  }
  if (found.supervision === 'supervised') await stopSupervisor(found, options);
  return inspectRun(options.runDir);
}

async function stopSupervisor(found: RunInspection, { runDir, force, tell }: StopOptions): Promise<void> {
  const { holder } = found;
  if (holder === undefined) return;
  const supervisor = { pid: holder.pid, startTime: holder.start_time };
  const isOver = () => {
    const now = inspectRun(runDir);
    return now.supervision !== 'supervised' || now.holder?.nonce !== holder.nonce;
  };
  // Another request while the trainer saves would not wait for it any longer.
  if (isAsked(found)) tell(`supervisor ${holder.pid} is stopping already`);
  else {
    ask(supervisor);
    tell(`asked supervisor ${holder.pid} to let the trainer save and stop; it has restart.stop_grace_ms for that`);
  }
  if (force) {
    await waitFor(() => isOver() || isAsked(inspectRun(runDir)), noteMs);
    // Closer together the two would count as one.
    await sleep(echoMs);
    ask(supervisor);
    tell('asked again: the trainer is ended now');
  }
  await waitFor(isOver, Number.POSITIVE_INFINITY);
  // It has released its lock; the process itself follows.
  await waitFor(() => !isRunning(supervisor), noteMs);
}

/** A process that somebody has stopped (Ctrl-Z) would not see the request. */
function ask(supervisor: { readonly pid: number; readonly startTime: string }): void {
  signalProcess(supervisor, 'SIGTERM');
  signalProcess(supervisor, 'SIGCONT');
}

function isAsked({ status, holder }: RunInspection): boolean {
  return status !== undefined && status.supervisor_pid === holder?.pid && status.stop_reason !== null;
}

async function waitFor(condition: () => boolean, limitMs: number): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!condition() && performance.now() < deadline) await sleep(pollMs);
}
