import { ExitCode, type RunStatus } from '../../protocol/index.js';
import { describeEnd } from '../describe-run.js';
import { findRun, runsDirOption, usualRunsDir } from '../find-run.js';
import { stopRun } from '../stop-run.js';
import type { Command } from './command.js';

/** `supervise stop`: lets the trainer save, and ends the run. */
export const stop: Command = {
  name: 'stop',
  operands: '[experiment.json | run directory | name] [flags]',
  about:
    'Sends SIGTERM to the supervisor, which lets the trainer save, and waits until both have ended. A trainer whose\nsupervisor died is adopted for it. Only a process that the lock proves to be the supervisor is signalled.',
  options: {
    force: { type: 'boolean', describe: 'Do not wait until the trainer has saved: end it now' },
    ...runsDirOption,
  },
  mostOperands: 1,
  exitCodes: '0 the run does not run (any longer), 66 no such run, 79 it runs on another machine',
  run: async ({ operands: [named], flag, text }) => {
    const runDir = await findRun(named, text('runs-dir') ?? usualRunsDir);
    const tell = (line: string) => void process.stdout.write(`${line}\n`);
    const run = await stopRun({ runDir, force: flag('force'), tell });
    tell(describeEnd(run));
    if (run.status !== undefined) tell(`  ${describeSaved(run.status)}`);
    return ExitCode.ok;
  },
};

function describeSaved({ checkpoint, checkpoint_dir: directory }: RunStatus): string {
  return checkpoint === null ? `its checkpoints are in ${directory}` : `saved: ${checkpoint} in ${directory}`;
}
