import { type LoadedExperiment, type ResolvedRun, type TrainerLaunch, trainerCommand } from '../../config/index.js';
import { attemptPaths, runPaths, TrainerEnv } from '../../protocol/index.js';
import type { Divergence } from '../divergence.js';
import { referenceTrainerEnv } from './reference-trainer-env.js';
import { rollbackEnv } from './rollback-env.js';

/** What the launches of a run have in common. */
export interface LaunchSource {
  readonly loaded: LoadedExperiment;
  readonly run: ResolvedRun;
  readonly referenceTrainer: readonly [string, ...string[]];
  readonly token: string;
}

/** One of them. `halvings` of the micro-batch; the divergences of the run so far; mean time between failures in milliseconds. */
export interface LaunchOf {
  readonly attempt: number;
  readonly resume: boolean;
  readonly halvings: number;
  readonly divergences: readonly Divergence[];
  readonly mtbfMs: number;
}

/** Command, folder and environment of an attempt's trainer. */
export function describeLaunch(
  { loaded: { config }, run, referenceTrainer, token }: LaunchSource,
  { attempt, resume, halvings, divergences, mtbfMs }: LaunchOf,
): TrainerLaunch {
  const launch = trainerCommand({ config, run, resume, halvings, referenceTrainer });
  // A relaunch waits for it: paths take a tenth of a millisecond.
  const folder = () => attemptPaths(runPaths(run.runDir), attempt).root;
  const env = {
    ...launch.env,
    // The reference trainer keeps its own account of them, in its checkpoints.
    ...(config.trainer.command === undefined
      ? referenceTrainerEnv(launch.env, folder())
      : rollbackEnv(config.rollback, divergences)),
    [TrainerEnv.mtbf]: String(Math.round(mtbfMs / 1000)),
    [TrainerEnv.token]: token,
    [TrainerEnv.attempt]: String(attempt),
  };
  return { ...launch, env };
}
