import { type ScratchRun, type ScratchSupervisor, startScratch } from '../scratch/scratch-run.js';

/** The supervisor of a scratch run, which faults may kill and start again. */
export interface Supervised {
  readonly pid: () => number | undefined;
  readonly kill: () => Promise<void>;
  readonly start: () => Promise<void>;
  readonly stop: () => Promise<void>;
  readonly output: () => string;
  /** The exit code of the supervisor that was not killed by a fault. */
  readonly ended: Promise<number | null>;
}

/** Starts it, in a session of its own. */
export function keepSupervised(scratch: ScratchRun, env: Readonly<Record<string, string>>): Supervised {
  let isStopped = false;
  let killed: ScratchSupervisor | undefined;
  let settleEnd: (code: number | null) => void = () => undefined;
  const ended = new Promise<number | null>((settle) => {
    settleEnd = settle;
  });
  let current = begin();
  function begin(): ScratchSupervisor {
    const supervisor = startScratch(scratch, { env, hasOwnSession: true });
    void supervisor.ended.then((code) => {
      if (killed !== supervisor) settleEnd(code);
    });
    return supervisor;
  }
  return {
    pid: () => current.process.pid,
    kill: async () => {
      killed = current;
      current.process.kill('SIGKILL');
      await current.ended;
    },
    start: async () => {
      if (!isStopped) current = begin();
      else settleEnd(null);
    },
    stop: async () => {
      isStopped = true;
      current.process.kill('SIGCONT');
      current.process.kill('SIGTERM');
      await current.ended;
    },
    output: () => current.output(),
    ended,
  };
}
