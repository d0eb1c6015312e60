import { existsSync, readFileSync, rmSync } from 'node:fs';
import { ExitCode, SuperviseError } from '../../protocol/index.js';
import { runCommands, serviceManagerOf } from '../service-manager.js';
import { serviceMark } from '../service-unit.js';
import { settingOptions, settingsOf } from '../start-options.js';
import type { Command } from './command.js';

/** `supervise uninstall`: takes back what `install` wrote. */
export const uninstall: Command = {
  name: 'uninstall',
  operands: '<experiment.json | name> [flags]',
  about: 'The run itself goes on, and its directory stays; --now stops it as supervise stop does.',
  options: {
    now: { type: 'boolean', describe: 'Stop the service too' },
    set: settingOptions.set,
  },
  mostOperands: 1,
  exitCodes: '0, 66 it is not installed, 69 systemctl or launchctl fails',
  run: async ({ parsed, operands: [named], flag }) => {
    if (named === undefined)
      throw new SuperviseError('USAGE', {
        what: 'no run is named',
        expected: 'supervise uninstall <experiment.json | name>',
      });
    const name = existsSync(named) ? await nameIn(named, settingsOf(parsed)) : named;
    const manager = serviceManagerOf(process.platform);
    const path = manager.path(name);
    if (!existsSync(path) || !readFileSync(path, 'utf8').includes(serviceMark))
      throw new SuperviseError('RUN_NOT_FOUND', { what: `${name} is not installed`, where: path });
    let failed: unknown;
    try {
      runCommands(manager.disable(name, flag('now')));
    } catch (error) {
      // The file goes all the same: without it the service cannot start again.
      failed = error;
    }
    rmSync(path);
    process.stdout.write(`Removed ${path}\n`);
    if (failed !== undefined) throw failed;
    runCommands(manager.reload);
    return ExitCode.ok;
  },
};

async function nameIn(path: string, flags: Readonly<Record<string, unknown>>): Promise<string> {
  const { loadExperiment } = await import('../../config/index.js');
  return loadExperiment({ path, env: process.env, flags: { epochs: 1, ...flags } }).config.experiment_name;
}
