import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import type { Experiment, LoadedExperiment, ResolvedRun } from '../../config/index.js';
import { type JournalEntry, runPaths, SuperviseError } from '../../protocol/index.js';
import { readJournal } from '../../supervisor/shell/journal-writer.js';
import { superviseScript } from '../launch-record.js';

/** A whole run of the experiment in a folder of its own. */
export interface ScratchRun {
  readonly name: string;
  readonly runDir: string;
  readonly checkpointDir: string;
  readonly experimentPath: string;
}

export interface ScratchOptions {
  readonly name: string;
  readonly root: string;
  readonly loaded: LoadedExperiment;
  readonly run: ResolvedRun;
  readonly epochs: number;
  /** Restarts that are allowed besides those of the experiment. */
  readonly kills: number;
  /** How long it is waited before a restart: as the experiment says, or next to nothing (the default). */
  readonly hasOwnDelays?: boolean;
  /** Added to the trainer's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** A remote store of its own; the experiment's is never touched. */
  readonly remote?: Readonly<Record<string, unknown>> | undefined;
}

/** Writes the experiment of a scratch run: the same in all that matters to training, elsewhere, and telling nobody. */
export function layScratchRun(options: ScratchOptions): ScratchRun {
  const { name, root, loaded, run, epochs, kills, hasOwnDelays = false, env = {}, remote = {} } = options;
  const runDir = join(root, name);
  const checkpointDir = join(runDir, 'checkpoints');
  const { config } = loaded;
  const redirect = redirection(config, run, { runDir, checkpointDir });
  const experiment = {
    ...config,
    ...{ epochs, run_dir: runDir, checkpoint_dir: checkpointDir, sample_dir: join(runDir, 'samples') },
    ...{ resume: true, no_restore: false, notify: {} },
    trainer: {
      ...config.trainer,
      ...(config.trainer.command !== undefined && {
        cwd: run.trainerCwd,
        command: config.trainer.command.map(redirect),
      }),
      resume_args: config.trainer.resume_args.map(redirect),
      env: {
        ...Object.fromEntries(Object.entries(config.trainer.env).map(([key, value]) => [key, redirect(value)])),
        ...env,
      },
    },
    restart: {
      ...config.restart,
      ...(!hasOwnDelays && { initial_delay_ms: 1, max_delay_ms: 10 }),
      max_restarts: config.restart.max_restarts + kills,
      max_restarts_without_progress: config.restart.max_restarts_without_progress + kills,
    },
    // Every epoch's checkpoint is needed to tell where two runs part; made data is made once.
    checkpoints: {
      ...config.checkpoints,
      ...{ max_checkpoints: Math.max(epochs, config.checkpoints.max_checkpoints), remote },
    },
    data: { ...config.data, dir: config.data.dir ?? join(root, 'data') },
  };
  mkdirSync(checkpointDir, { recursive: true });
  const experimentPath = join(root, `${name}.json`);
  writeFileSync(experimentPath, JSON.stringify(experiment, null, 2));
  return { name, runDir, checkpointDir, experimentPath };
}

/** Supervises a scratch run to its end, with `meanwhile` beside it. @throws GAVE_UP when it does not complete */
export async function superviseScratch(
  scratch: ScratchRun,
  meanwhile?: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const supervisor = startScratch(scratch);
  // Ctrl-C reaches the supervisor too; it lets the trainer save, and this waits for it.
  const forward = () => supervisor.process.kill('SIGTERM');
  process.once('SIGTERM', forward).on('SIGINT', ignore);
  const done = new AbortController();
  try {
    const beside = meanwhile?.(done.signal);
    const code = await supervisor.ended;
    done.abort();
    await beside;
    if (code !== 0) throw describeFailure(scratch, code, supervisor.output());
  } finally {
    done.abort();
    process.off('SIGTERM', forward).off('SIGINT', ignore);
  }
}

/** A supervisor of a scratch run. */
export interface ScratchSupervisor {
  readonly process: ChildProcess;
  /** What it printed so far. */
  readonly output: () => string;
  /** Its exit code, or null when a signal ended it. */
  readonly ended: Promise<number | null>;
}

/** Starts a supervisor of a scratch run. In a session of its own, Ctrl-C does not reach it. */
export function startScratch(
  { experimentPath }: ScratchRun,
  { env = {}, hasOwnSession = false }: { env?: Readonly<Record<string, string>>; hasOwnSession?: boolean } = {},
): ScratchSupervisor {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('SUPERVISE_'));
  const child = spawn(process.execPath, [superviseScript, experimentPath], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: hasOwnSession,
    env: { ...Object.fromEntries(kept), ...env },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output = (output + chunk).slice(-mostOutput);
    });
  const ended = new Promise<number | null>((settle) => child.on('close', (code) => settle(code)));
  return { process: child, output: () => output, ended };
}

const mostOutput = 64 * 1024;

/** Why a scratch run is of no use. */
export function describeFailure(scratch: ScratchRun, code: number | null, output: string): SuperviseError {
  const tail = output.trimEnd().split('\n').slice(-12).join('\n  ');
  return new SuperviseError('GAVE_UP', {
    what: `the ${scratch.name} run did not complete (exit code ${code}):\n  ${tail}`,
    where: scratch.runDir,
    hint: 'run it by itself first: supervise <experiment.json>',
  });
}

/** The journal of a scratch run so far. */
export function journalOf({ runDir }: ScratchRun): readonly JournalEntry[] {
  return readJournal(runPaths(runDir).journal).entries;
}

/** The lines of `metrics.jsonl`, by epoch; undefined when there is no such file. */
export function metricsOf({ runDir }: ScratchRun): ReadonlyMap<number, Readonly<Record<string, unknown>>> | undefined {
  const path = runPaths(runDir).metrics;
  if (!existsSync(path)) return undefined;
  const lines = readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .filter((line) => line !== '');
  return new Map(lines.map((line) => JSON.parse(line)).map((line) => [Number(line.epoch), line]));
}

const ignore = () => undefined;

/**
 * Puts the scratch folders in the place of the run's own, wherever a trainer's command names them.
 * @throws USAGE when the trainer seems to know its checkpoint directory by itself: it would write into the real one
 */
function redirection(config: Experiment, run: ResolvedRun, to: { runDir: string; checkpointDir: string }) {
  const { command, resume_args, env } = config.trainer;
  const pairs = [
    [config.checkpoint_dir, to.checkpointDir],
    [run.checkpointDir, to.checkpointDir],
    [config.run_dir, to.runDir],
    [run.runDir, to.runDir],
  ] as const;
  const redirect = (text: string) =>
    pairs.reduce((sofar, [from, target]) => {
      if (from === undefined || from.length < 4) return sofar;
      return sofar === from || isAbsolute(from) ? sofar.replaceAll(from, target) : sofar;
    }, text);
  const told = [...(command ?? []), ...resume_args, ...Object.values(env)];
  const isTold = told.some((text) => redirect(text) !== text);
  if (command !== undefined && config.checkpoint_dir !== undefined && !isTold)
    throw new SuperviseError('USAGE', {
      what: `the trainer is not told its checkpoint directory, and might write into ${resolve(run.checkpointDir)}`,
      hint: 'leave checkpoint_dir out and let the trainer read SUPERVISE_CHECKPOINT_DIR, or name the directory in trainer.command',
    });
  return redirect;
}
