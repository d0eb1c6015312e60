import { resolve } from 'node:path';
import { ExitCode } from '../../protocol/index.js';
import { inspectRun } from '../../supervisor/shell/inspect-run.js';
import { describeInBrief, runAsJson } from '../describe-run.js';
import { listRunDirs, runsDirOption, usualRunsDir } from '../find-run.js';
import { alignColumns } from '../format.js';
import type { Command } from './command.js';

/** `supervise list`: all runs, one line each. */
export const list: Command = {
  name: 'list',
  operands: '[flags]',
  about: 'Columns: name, state, epochs, restarts, ETA, and when it was last heard of.',
  options: {
    json: { type: 'boolean', describe: 'A JSON array of what status --json prints' },
    ...runsDirOption,
  },
  mostOperands: 0,
  exitCodes: '0',
  run: async ({ flag, text }) => {
    const runsDir = text('runs-dir') ?? usualRunsDir;
    const runs = listRunDirs(runsDir);
    if (runs.length === 0 && !flag('json')) process.stderr.write(`there is no run below ${resolve(runsDir)}\n`);
    return printRuns(runs, flag('json'));
  },
};

/** Prints runs as a table, or as a JSON array. */
export function printRuns(runDirs: readonly string[], json: boolean): number {
  const runs = runDirs.map(inspectRun);
  if (json) process.stdout.write(`${JSON.stringify(runs.map(runAsJson), null, 2)}\n`);
  else for (const line of alignColumns(runs.map(describeInBrief))) process.stdout.write(`${line}\n`);
  return ExitCode.ok;
}
