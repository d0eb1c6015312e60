import { join, resolve } from 'node:path';
import { TrainerEnv } from '../protocol/index.js';
import type { LoadedExperiment } from './load-experiment.js';
import type { Experiment } from './schema.js';

/** Absolute paths of one run. */
export interface ResolvedRun {
  readonly runDir: string;
  readonly checkpointDir: string;
  readonly sampleDir: string;
  /** Working directory of somebody else's trainer. */
  readonly trainerCwd: string;
}

/** Resolves a run's paths: those of the experiment relative to `cwd`, the trainer's working directory relative to the file. */
export function resolveRun({ config, directory }: LoadedExperiment, cwd: string): ResolvedRun {
  const runDir = resolve(cwd, config.run_dir ?? join('runs', config.experiment_name));
  return {
    runDir,
    checkpointDir:
      config.checkpoint_dir === undefined ? join(runDir, 'checkpoints') : resolve(cwd, config.checkpoint_dir),
    sampleDir: config.sample_dir === undefined ? join(runDir, 'samples') : resolve(cwd, config.sample_dir),
    trainerCwd: config.trainer.command === undefined ? cwd : resolve(directory, config.trainer.cwd ?? '.'),
  };
}

/** How the trainer is started; `env` holds what is added to the supervisor's own environment. */
export interface TrainerLaunch {
  readonly command: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

export interface LaunchOptions {
  readonly config: Experiment;
  readonly run: ResolvedRun;
  readonly resume: boolean;
  /** How often the micro-batch is halved, because memory ran out. */
  readonly halvings?: number;
  /** Program and first arguments of the reference trainer: Node and `bin/train.js`. */
  readonly referenceTrainer: readonly [string, ...string[]];
}

/** The exact command line of the trainer. Somebody else's is run as written; only `resume_args` are added on a resume. */
export function trainerCommand({ config, run, resume, halvings = 0, referenceTrainer }: LaunchOptions): TrainerLaunch {
  const { command, resume_args, env } = config.trainer;
  const own = () => [
    ...referenceTrainer,
    ...['--config', join(run.runDir, 'experiment.json')],
    ...['--checkpoint_dir', run.checkpointDir],
    ...['--epochs', String(config.epochs)],
  ];
  const base = command ?? own();
  const gpu = config.training.gpu_id === undefined ? {} : { CUDA_VISIBLE_DEVICES: config.training.gpu_id };
  return {
    command: [...base, ...(resume ? resume_args : []), ...oomArgs(config, halvings)] as [string, ...string[]],
    env: {
      ...gpu,
      ...env,
      [TrainerEnv.runDir]: run.runDir,
      [TrainerEnv.checkpointDir]: run.checkpointDir,
      [TrainerEnv.epochs]: String(config.epochs),
      [TrainerEnv.resume]: resume ? '1' : '0',
      [TrainerEnv.heartbeat]: join(run.runDir, 'heartbeat.json'),
    },
    cwd: run.trainerCwd,
  };
}

/** What the reference trainer takes. */
const ownOomArgs = ['--batch_size', '{batch_size}', '--accumulate', '{accumulate}'];

/** How often the micro-batch can be halved: down to one sample, and only by a trainer that has arguments for it. */
export function mostHalvings({ trainer, training }: Experiment): number {
  return oomArgsOf(trainer).length === 0 ? 0 : Math.floor(Math.log2(training.batch_size));
}

function oomArgsOf({ command, oom_args }: Experiment['trainer']): readonly string[] {
  return oom_args ?? (command === undefined ? ownOomArgs : []);
}

function oomArgs({ trainer, training }: Experiment, halvings: number): string[] {
  if (halvings === 0) return [];
  const { batchSize, accumulate } = halveBatch(training, halvings);
  return oomArgsOf(trainer).map((arg) =>
    arg.replaceAll('{batch_size}', String(batchSize)).replaceAll('{accumulate}', String(accumulate)),
  );
}

/** The effective batch stays what it is: the micro-batch is its largest divisor that is no more than what is left by halving. */
function halveBatch({ batch_size, accumulate }: Experiment['training'], halvings: number) {
  const effective = batch_size * accumulate;
  let batchSize = Math.max(1, Math.floor(batch_size / 2 ** halvings));
  while (effective % batchSize !== 0) batchSize--;
  return { batchSize, accumulate: effective / batchSize };
}
