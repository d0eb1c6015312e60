import { fileURLToPath } from 'node:url';
import { readFileBounded, runPaths, SuperviseError, writeFileAtomic } from '../protocol/index.js';

/** How a run was started: `launch.json` in its run directory. What a fresh start was asked for is not part of it. */
export interface LaunchRecord {
  /** Absolute paths. */
  readonly experiment: string;
  readonly cwd: string;
  /** Settings of the command line. */
  readonly flags: Readonly<Record<string, unknown>>;
  /** Settings of the environment, `SUPERVISE_CONFIG_…`. */
  readonly environment: Readonly<Record<string, string>>;
}

/** A file of this package, by its path below the package's root. */
export function packageFile(path: string): string {
  return fileURLToPath(new URL(`../../${path}`, import.meta.url));
}

/** The launcher of `supervise` itself. */
export const superviseScript = packageFile('bin/supervise.js');

/** What is worth recording of a start in this process. */
export function describeLaunch(experiment: string, flags: Readonly<Record<string, unknown>>): LaunchRecord {
  return { experiment, cwd: process.cwd(), flags, environment: settingsIn(process.env) };
}

/** Records how the run was started. A disk that refuses costs `restart`, never the run. */
export function writeLaunchRecord(runDir: string, record: LaunchRecord): void {
  try {
    writeFileAtomic(runPaths(runDir).launch, `${JSON.stringify(record, null, 2)}\n`);
  } catch {
    // The run directory has just been written to; whatever is wrong now, the supervisor will tell.
  }
}

/**
 * How the run was started the last time.
 * @throws RUN_NOT_FOUND when nothing is recorded
 */
export function readLaunchRecord(runDir: string): LaunchRecord {
  const path = runPaths(runDir).launch;
  try {
    const {
      experiment,
      cwd,
      flags = {},
      environment = {},
    } = JSON.parse(readFileBounded(path).toString('utf8')) as LaunchRecord;
    if (typeof experiment === 'string' && typeof cwd === 'string') return { experiment, cwd, flags, environment };
  } catch {
    // Told below.
  }
  throw new SuperviseError('RUN_NOT_FOUND', {
    what: 'it is not recorded how this run was started',
    where: path,
    hint: 'start it by its experiment file: supervise start <experiment.json> --detach',
  });
}

/** The arguments of `supervise` that start a run as it is recorded. */
export function launchArguments({ experiment, flags }: LaunchRecord): string[] {
  return [experiment, ...Object.entries(flags).flatMap(([key, value]) => flagWords(key, value))];
}

function flagWords(key: string, value: unknown): string[] {
  return key.startsWith('--') ? [`${key}=${value}`] : ['--set', `${key}=${JSON.stringify(value)}`];
}

function settingsIn(environment: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).filter(
      (entry): entry is [string, string] => entry[0].startsWith('SUPERVISE_CONFIG_') && entry[1] !== undefined,
    ),
  );
}
