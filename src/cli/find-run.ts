import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { runPaths, SuperviseError } from '../protocol/index.js';
import { isFile } from './is-file.js';

/** Where runs are looked for unless `--runs-dir` says otherwise. */
export const usualRunsDir = 'runs';

/** The run directories below a folder, by name; none when there is no such folder. */
export function listRunDirs(runsDir: string): string[] {
  try {
    const names = readdirSync(runsDir).sort();
    return names.map((name) => resolve(runsDir, name)).filter(isRunDir);
  } catch {
    return [];
  }
}

/**
 * The run directory that a user means: by experiment file, by directory, by the name of a run, or the only run there is.
 * @throws RUN_NOT_FOUND when there is none, or several; the errors of loading an experiment
 */
export async function findRun(named: string | undefined, runsDir: string): Promise<string> {
  if (named === undefined) return findOnlyRun(runsDir);
  const path = resolve(named);
  if (isRunDir(path)) return path;
  const byName = resolve(runsDir, named);
  if (isRunDir(byName)) return byName;
  if (isFile(path)) return runOfExperiment(path);
  throw new SuperviseError('RUN_NOT_FOUND', {
    what: `"${named}" is no run, no run directory and no experiment file`,
    hint: describeRuns(listRunDirs(runsDir), runsDir),
  });
}

function findOnlyRun(runsDir: string): string {
  const runs = listRunDirs(runsDir);
  const [only] = runs;
  if (only !== undefined && runs.length === 1) return only;
  const what =
    only === undefined ? `there is no run below ${resolve(runsDir)}` : `there are ${runs.length} runs; name one`;
  throw new SuperviseError('RUN_NOT_FOUND', { what, hint: describeRuns(runs, runsDir) });
}

function describeRuns(runs: readonly string[], runsDir: string): string {
  if (runs.length === 0)
    return 'name the experiment file or the run directory, or start one: supervise <experiment.json>';
  const names = runs.slice(0, 8).map((run) => run.slice(resolve(runsDir).length + 1));
  return `there is ${names.join(', ')}${runs.length > names.length ? ' …' : ''}`;
}

async function runOfExperiment(path: string): Promise<string> {
  const { loadExperiment, resolveRun } = await import('../config/index.js');
  // The epoch count may have come by a flag, and does not matter here.
  const loaded = loadExperiment({ path, env: process.env, flags: { epochs: 1 } });
  const { runDir } = resolveRun(loaded, process.cwd());
  if (isRunDir(runDir)) return runDir;
  throw new SuperviseError('RUN_NOT_FOUND', {
    what: 'this experiment has no run yet',
    where: runDir,
    hint: `start it: supervise ${path}; a run that was started with --run-dir is named by that directory`,
  });
}

/** A folder that a supervisor has begun to use. */
function isRunDir(path: string): boolean {
  const { journal, status, lock } = runPaths(path);
  return [journal, status, lock].some((file) => existsSync(file)) && !isFile(path);
}

/** The flag of every command that looks for a run by name. */
export const runsDirOption = {
  'runs-dir': { type: 'string', describe: `Where runs are looked for by name (default: ${join('.', usualRunsDir)})` },
} as const;
