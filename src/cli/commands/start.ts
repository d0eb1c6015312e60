import { describeLaunch } from '../launch-record.js';
import { startOptions, toOptions } from '../start-options.js';
import { writeWarnings } from '../write-warnings.js';
import type { Command } from './command.js';

/** `supervise start`: the plain form by name; with `--detach` the supervisor is left in the background. */
export const start: Command = {
  name: 'start',
  operands: '<experiment.json> [flags]',
  about:
    'Without --detach it is the plain form, supervise <experiment.json>. With it the supervisor runs in a session of its\nown, survives this shell, and prints into supervisor.out of the run directory; the command returns when the run is\nreally taken on, or says why not.',
  options: {
    detach: { type: 'boolean', alias: 'd', describe: 'Leave the supervisor in the background' },
    ...startOptions,
  },
  mostOperands: 1,
  exitCodes: 'those of the plain form; with --detach 0 when the run is taken on, or complete already',
  run: async ({ parsed, flag }) => {
    const options = toOptions(parsed, 'supervise start');
    const { runExperiment } = await import('../run-experiment.js');
    if (!flag('detach') || options.dryRun) return runExperiment(options);
    const [{ loadExperiment, resolveRun }, { startDetached }] = await Promise.all([
      import('../../config/index.js'),
      import('../start-detached.js'),
    ]);
    const loaded = loadExperiment({ path: options.experiment, flags: options.flags, env: process.env });
    const { runDir } = resolveRun(loaded, process.cwd());
    writeWarnings(loaded);
    return startDetached({ record: describeLaunch(loaded.path, options.flags), runDir, startOver: options.startOver });
  },
};
