import { type LoadedExperiment, type ResolvedRun, trainerCommand } from '../../config/index.js';
import { ExitCode } from '../../protocol/index.js';
import { type Check, type Finding, type PreflightContext, warning } from './check.js';
import { checkClock } from './check-clock.js';
import { checkCommand } from './check-command.js';
import { checkDataFiles } from './check-data-files.js';
import { checkDirectories } from './check-directories.js';
import { checkDiskRoom } from './check-disk-room.js';
import { checkFileLimit } from './check-file-limit.js';
import { checkGpu } from './check-gpu.js';
import { checkRemote } from './check-remote.js';

/** Every check, in the order of the list; those that are not quick are loaded when they are due. */
const checks: readonly (Check | (() => Promise<Check>))[] = [
  async () => (await import('./check-config.js')).checkConfig,
  checkCommand,
  checkDataFiles,
  checkDirectories,
  checkDiskRoom,
  async () => (await import('./check-disk-write.js')).checkDiskWrite,
  async () => (await import('./check-checkpoints.js')).checkCheckpoints,
  checkRemote,
  checkGpu,
  checkFileLimit,
  checkClock,
  async () => (await import('./check-lock.js')).checkLock,
];

export interface PreflightOptions {
  readonly loaded: LoadedExperiment;
  readonly run: ResolvedRun;
  readonly referenceTrainer: readonly [string, ...string[]];
  /** Only what is fast enough to be done before every first launch. */
  readonly isQuick: boolean;
}

/** A finding with the title of its check. */
export interface TitledFinding extends Finding {
  readonly title: string;
}

/** Looks at all that a night may fail for and that can be seen beforehand. Starts nothing; leaves nothing behind. Never throws. */
export async function runPreflight({
  loaded,
  run,
  referenceTrainer,
  isQuick,
}: PreflightOptions): Promise<TitledFinding[]> {
  const launch = trainerCommand({ config: loaded.config, run, resume: false, referenceTrainer });
  const context: PreflightContext = {
    ...{ loaded, run, launch, isQuick },
    env: { ...process.env, ...launch.env },
    isReference: loaded.config.trainer.command === undefined,
    now: new Date(),
  };
  const due = checks.filter((check) => !isQuick || typeof check !== 'function');
  const look = async (check: (typeof due)[number]) =>
    findWith(typeof check === 'function' ? await check() : check, context);
  return (await Promise.all(due.map(look))).flat();
}

async function findWith({ title, look }: Check, context: PreflightContext): Promise<TitledFinding[]> {
  try {
    return (await look(context)).map((finding) => ({ title, ...finding }));
  } catch (error) {
    const what = `cannot be checked: ${(error as Error).message}`;
    return [{ title, ...warning(what, 'see for yourself before the night') }];
  }
}

/** 78 when the experiment has to be corrected, 69 when the machine is not ready, 79 when the run is in use; else 0. Pure. */
export function exitCodeOfFindings(findings: readonly Finding[]): number {
  const blames = new Set(findings.flatMap(({ level, blame }) => (level === 'failure' ? [blame] : [])));
  if (blames.has('experiment')) return ExitCode.config;
  if (blames.has('machine')) return ExitCode.gaveUp;
  return blames.has('lock') ? ExitCode.locked : ExitCode.ok;
}
