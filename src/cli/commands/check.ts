import { loadExperiment, resolveRun } from '../../config/index.js';
import { exitCodeOfFindings, runPreflight } from '../../supervisor/preflight/run-preflight.js';
import { describeFindings } from '../preflight.js';
import { referenceTrainer } from '../run-experiment.js';
import { experimentOf, settingOptions, settingsOf } from '../start-options.js';
import type { Command } from './command.js';

/** `supervise check`: everything that a night may fail for and that can be seen beforehand. */
export const check: Command = {
  name: 'check',
  operands: '<experiment.json> [flags]',
  about: '✓ is well, ! is worth a look, ✗ would make the night fail. Starts nothing and leaves nothing behind.',
  options: {
    ...settingOptions,
    json: { type: 'boolean', describe: 'One JSON object {ok, exit_code, findings}' },
  },
  mostOperands: 1,
  exitCodes: '0 nothing ✗, 69 the machine is not ready, 78 the experiment is to be corrected, 79 the run is in use',
  run: async ({ parsed, flag }) => {
    const path = experimentOf(parsed, 'supervise check');
    const loaded = loadExperiment({ path, flags: settingsOf(parsed), env: process.env });
    const run = resolveRun(loaded, process.cwd());
    const findings = await runPreflight({ loaded, run, referenceTrainer, isQuick: false });
    const code = exitCodeOfFindings(findings);
    const lines = flag('json')
      ? [JSON.stringify({ ok: code === 0, exit_code: code, findings }, null, 2)]
      : describeFindings(findings);
    process.stdout.write(`${lines.join('\n')}\n`);
    return code;
  },
};
