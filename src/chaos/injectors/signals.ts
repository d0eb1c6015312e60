import { setTimeout as sleep } from 'node:timers/promises';
import { isRunning } from '../../supervisor/shell/processes.js';
import { type ChaosTarget, type Injected, type Injector, NotInjected } from '../target.js';
import { awaitEnd, findTrainer, isStopped, send, standStill, until } from './await.js';

/** Ends the trainer by a signal that it cannot survive. */
export function killBy(signal: 'SIGKILL' | 'SIGSEGV' | 'SIGABRT'): Injector {
  return async (target) => {
    const victim = await findTrainer(target);
    const atMs = Date.now();
    // A native fault hits one process; a kill in the field mostly a whole group (a container, a job).
    send(victim, signal, { group: signal === 'SIGKILL' });
    await awaitEnd(target, victim);
    return { what: `${signal} to ${victim.pid}; it is gone`, atMs, attempt: victim.attempt };
  };
}

/** Stops the trainer for good, as a hang. */
export const hang: Injector = async (target) => {
  const victim = await findTrainer(target);
  const atMs = Date.now();
  await standStill(target, victim);
  return { what: `SIGSTOP to ${victim.pid}; it stands still`, atMs, attempt: victim.attempt };
};

/** Stops supervisor and trainer for some seconds together. The trainer wakes a moment later, so that a false alarm would show. */
export const suspend: Injector = async (target, dice) => {
  const victim = await findTrainer(target);
  const pid = supervisorOf(target);
  const forMs = 3000 + dice() * 2000;
  const atMs = Date.now();
  try {
    process.kill(pid, 'SIGSTOP');
    send(victim, 'SIGSTOP');
    await until(target, 'both to stand still', () => isStopped(pid) && isStopped(victim.pid));
    await sleep(forMs);
  } finally {
    process.kill(pid, 'SIGCONT');
    await sleep(200);
    if (isRunning(victim)) process.kill(victim.pid, 'SIGCONT');
  }
  const what = `supervisor ${pid} and trainer ${victim.pid} stood still for ${Math.round(forMs)} ms`;
  return { what, atMs, attempt: victim.attempt };
};

/** Kills the supervisor, and the trainer too if `both`; a second later the supervisor is started again. */
export function killSupervisor({ both }: { readonly both: boolean }): Injector {
  return async (target): Promise<Injected> => {
    const victim = await findTrainer(target);
    const pid = supervisorOf(target);
    const atMs = Date.now();
    await target.supervisor?.kill();
    try {
      if (both) {
        send(victim, 'SIGKILL', { group: true });
        await awaitEnd(target, victim);
      } else if (!isRunning(victim)) throw new NotInjected(`the trainer ${victim.pid} ended beside its supervisor`);
      await sleep(restartAfterMs);
    } finally {
      await target.supervisor?.start();
    }
    const what = `SIGKILL to supervisor ${pid}${both ? ` and trainer ${victim.pid}` : ''}; started again after a second`;
    return { what, atMs, attempt: victim.attempt };
  };
}

const restartAfterMs = 1000;

function supervisorOf(target: ChaosTarget): number {
  const pid = target.supervisor?.pid();
  if (pid === undefined) throw new NotInjected('there is no supervisor that may be touched');
  return pid;
}
