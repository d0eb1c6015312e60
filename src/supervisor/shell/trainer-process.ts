import type { ExitStatus } from '../../protocol/index.js';
import { findRunProcesses } from './find-run-processes.js';
import { isRunning } from './processes.js';
import { signalGroup } from './signal-process.js';

/** The trainer under supervision: our child, or one that an earlier supervisor left behind. */
export interface TrainerProcess {
  readonly attempt: number;
  readonly pid: number;
  readonly startTime: string;
  readonly output: string;
  /** Processes of our control group that the kernel had killed for memory when this attempt began. */
  readonly oomKillsBefore: number | undefined;
}

/** How often an adopted trainer is looked at: the kernel tells only its parent when it ends. */
const adoptedPollMs = 200;

/** Resolves when a trainer that is not our child has ended; its exit status is unknown then. */
export function watchAdopted(trainer: { readonly pid: number; readonly startTime: string }): Promise<ExitStatus> {
  return new Promise((settle) => {
    const poll = setInterval(() => {
      if (isRunning(trainer)) return;
      clearInterval(poll);
      settle({ code: null, signal: null });
    }, adoptedPollMs);
  });
}

/** Sends signals, in this order, to the trainer's whole process group. */
export function signalTrainer(trainer: TrainerProcess, token: string, signals: readonly NodeJS.Signals[]): void {
  for (const signal of signals) signalGroup(trainer, signal, () => findRunProcesses(token));
}
