import { describeEnd } from '../describe-run.js';
import { findRun, runsDirOption, usualRunsDir } from '../find-run.js';
import { readLaunchRecord } from '../launch-record.js';
import { startDetached } from '../start-detached.js';
import { stopRun } from '../stop-run.js';
import type { Command } from './command.js';

/** `supervise restart`: stop, then start in the background as the run was started. */
export const restart: Command = {
  name: 'restart',
  operands: '[experiment.json | run directory | name] [flags]',
  about:
    'Experiment file, flags, SUPERVISE_CONFIG_ variables and working directory are those of the last start (launch.json).\nThe file is read anew, so a changed setting takes effect; --no-restore is not repeated.',
  options: {
    force: { type: 'boolean', describe: 'Do not wait until the trainer has saved: end it now' },
    ...runsDirOption,
  },
  mostOperands: 1,
  exitCodes: 'those of start --detach; 66 no such run, or no record of its start',
  run: async ({ operands: [named], flag, text }) => {
    const runDir = await findRun(named, text('runs-dir') ?? usualRunsDir);
    const record = readLaunchRecord(runDir);
    await checkExperiment(record);
    const tell = (line: string) => void process.stdout.write(`${line}\n`);
    tell(describeEnd(await stopRun({ runDir, force: flag('force'), tell })));
    return startDetached({ record, runDir, startOver: false });
  },
};

/** A run is not stopped for a file that cannot be started. */
async function checkExperiment({ experiment, flags, environment }: ReturnType<typeof readLaunchRecord>): Promise<void> {
  const { loadExperiment } = await import('../../config/index.js');
  loadExperiment({ path: experiment, flags, env: { ...process.env, ...environment } });
}
