import { ExitCode, SuperviseError } from '../../protocol/index.js';
import { findRun, runsDirOption, usualRunsDir } from '../find-run.js';
import { followLogs, showLog } from '../show-logs.js';
import type { Command } from './command.js';

/** `supervise logs`: what the trainer prints. */
export const logs: Command = {
  name: 'logs',
  operands: '[experiment.json | run directory | name] [flags]',
  about:
    'stdout holds nothing but what the trainer wrote; a line on stderr says where an attempt begins and how the run ended.',
  options: {
    follow: {
      type: 'boolean',
      alias: 'f',
      describe: 'Go on with what is written, across attempts, until the run ends',
    },
    lines: { type: 'number', alias: 'n', describe: 'Lines from the end (default: 100)' },
    attempt: { type: 'number', describe: 'This attempt alone (default: the latest)' },
    ...runsDirOption,
  },
  mostOperands: 1,
  exitCodes: '0, 66 no such run or attempt',
  run: async ({ operands: [named], flag, number, text }) => {
    const lines = wholeNumber('lines', number('lines')) ?? 100;
    const attempt = wholeNumber('attempt', number('attempt'));
    const runDir = await findRun(named, text('runs-dir') ?? usualRunsDir);
    const request = { runDir, lines, attempt };
    await (flag('follow') ? followLogs(request) : showLog(request));
    return ExitCode.ok;
  },
};

function wholeNumber(name: string, value: number | undefined): number | undefined {
  if (value === undefined || (Number.isSafeInteger(value) && value >= 0)) return value;
  throw new SuperviseError('USAGE', { what: `--${name} is ${value}`, expected: 'a whole number' });
}
