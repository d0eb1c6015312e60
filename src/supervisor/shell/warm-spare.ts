import type { TrainerLaunch } from '../../config/index.js';
import { formatGo, TrainerEnv } from '../../protocol/index.js';
import { isRunning } from './processes.js';
import { type SpawnedTrainer, spawnTrainer } from './spawn-trainer.js';

/** The next attempt's process, loaded and waiting, so that a relaunch only has to restore and step. */
export interface WarmSpare {
  /** Starts one for this attempt, unless it is there or was tried before. Failing is no harm: the launch is a cold one then. */
  readonly prepare: (attempt: number, launch: TrainerLaunch, output: string) => Promise<void>;
  /** Lets the spare of this attempt begin; undefined when there is none. */
  readonly take: (attempt: number, resume: boolean) => SpawnedTrainer | undefined;
  /** The attempt whose spare is waiting: its processes are no leftovers. */
  readonly attempt: () => number | undefined;
  /** Tells a waiting spare that it is not needed. */
  readonly dismiss: () => void;
}

export function createWarmSpare(onError: (reason: string) => void): WarmSpare {
  let waiting: { readonly attempt: number; readonly trainer: SpawnedTrainer } | undefined;
  let lastTried = 0;
  const dismiss = () => {
    waiting?.trainer.input?.end();
    waiting = undefined;
  };
  return {
    prepare: async (attempt, launch, output) => {
      if (lastTried >= attempt) return;
      lastTried = attempt;
      dismiss();
      const env = { ...launch.env, [TrainerEnv.standby]: '1' };
      const spawned = await spawnTrainer({ ...launch, env }, output, { hasInput: true });
      if ('reason' in spawned) return onError(spawned.reason);
      // Writing to a spare that has just died must not end the supervisor.
      spawned.input?.on('error', () => undefined);
      waiting = { attempt, trainer: spawned };
    },
    take: (attempt, resume) => {
      if (waiting?.attempt !== attempt) return undefined;
      const { trainer } = waiting;
      waiting = undefined;
      if (!isRunning(trainer)) return undefined;
      trainer.input?.end(formatGo({ resume }));
      return trainer;
    },
    attempt: () => (waiting !== undefined && isRunning(waiting.trainer) ? waiting.attempt : undefined),
    dismiss,
  };
}
