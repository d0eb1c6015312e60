import type { TrainerLaunch } from '../../config/index.js';
import { attemptPaths, runPaths } from '../../protocol/index.js';
import { meanTimeBetweenFailuresMs } from '../failure-rate.js';
import type { State } from '../state.js';
import { describeLaunch, type LaunchSource } from './describe-launch.js';
import type { Excepted } from './find-run-processes.js';
import { createParkedLaunch } from './parked-launch.js';
import type { SpawnedTrainer } from './spawn-trainer.js';
import { createWarmSpare } from './warm-spare.js';

/** The launch that something is to become; `warm`: a loaded spare may. */
export interface Wanted {
  readonly attempt: number;
  readonly resume: boolean;
  readonly warm: boolean;
  readonly launch: TrainerLaunch;
}

/** What is kept ready for the next attempt: a loaded spare where the experiment wants one, else a parked process. */
export interface NextAttempt {
  /** To be called with every state: a spare is loaded as soon as the trainer works. */
  readonly keep: (state: State) => Promise<void> | undefined;
  /** To be called a moment after a launch: parks the process of this attempt. */
  readonly park: (attempt: number, halvings: number) => Promise<void> | undefined;
  /** Whether a loaded spare waits to be this attempt. */
  readonly isWarm: (attempt: number) => boolean;
  /** Lets what is ready become the trainer; undefined when nothing is that fits. */
  readonly take: (wanted: Wanted) => SpawnedTrainer | undefined;
  /** The process that waits: it is no leftover. */
  readonly spare: () => Excepted;
  /** Lets what waits end; nothing is kept ready any more. */
  readonly dismiss: () => void;
}

export function createNextAttempt(source: LaunchSource, onError: (reason: string) => void): NextAttempt {
  const wantsSpare = source.loaded.config.restart.warm_spare;
  const spare = createWarmSpare(onError);
  const parked = createParkedLaunch();
  const outputOf = (attempt: number) => attemptPaths(runPaths(source.run.runDir), attempt).output;
  let isDismissed = false;
  return {
    keep: ({ name, run, rules }) => {
      if (isDismissed || !wantsSpare || name !== 'running' || run.halvings > 0) return undefined;
      const attempt = run.attempt + 1;
      const mtbfMs = meanTimeBetweenFailuresMs(run, rules.expectedMtbfMs);
      const launch = describeLaunch(source, {
        attempt,
        resume: true,
        halvings: 0,
        divergences: run.divergences,
        mtbfMs,
      });
      return spare.prepare(attempt, launch, outputOf(attempt));
    },
    park: (attempt, halvings) => {
      if (isDismissed || wantsSpare) return undefined;
      const launch = describeLaunch(source, { attempt, resume: true, halvings, divergences: [], mtbfMs: 0 });
      return parked.park(attempt, launch, outputOf(attempt));
    },
    isWarm: (attempt) => spare.attempt() === attempt,
    take: ({ attempt, resume, warm, launch }) =>
      (warm ? spare.take(attempt, resume) : undefined) ?? parked.take(attempt, launch),
    spare: () => (spare.attempt() === undefined ? parked.shell() : { attempt: spare.attempt() }),
    dismiss: () => {
      isDismissed = true;
      spare.dismiss();
      parked.dismiss();
    },
  };
}
