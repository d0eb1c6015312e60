import { ExitCode } from '../../protocol/index.js';
import { inspectRun } from '../../supervisor/shell/inspect-run.js';
import { describeRun, isInOrder, runAsJson } from '../describe-run.js';
import { findRun, listRunDirs, runsDirOption, usualRunsDir } from '../find-run.js';
import type { Command } from './command.js';
import { printRuns } from './list.js';

/** `supervise status`: where a run stands, and whether its processes live. */
export const status: Command = {
  name: 'status',
  operands: '[experiment.json | run directory | name] [flags]',
  about: 'Without an argument: the only run below ./runs, or the list of them.',
  options: {
    json: { type: 'boolean', describe: 'One JSON object: status.json, and what is so of its processes' },
    ...runsDirOption,
  },
  mostOperands: 1,
  exitCodes: '0 running or complete, 3 neither, 66 no such run',
  run: async ({ operands, flag, text }) => {
    const runsDir = text('runs-dir') ?? usualRunsDir;
    const [named] = operands;
    const all = named === undefined ? listRunDirs(runsDir) : [];
    if (all.length > 1) return printRuns(all, flag('json'));
    const run = inspectRun(await findRun(named, runsDir));
    const lines = flag('json') ? [JSON.stringify(runAsJson(run), null, 2)] : describeRun(run, new Date());
    process.stdout.write(`${lines.join('\n')}\n`);
    return isInOrder(run) ? ExitCode.ok : ExitCode.notRunning;
  },
};
