import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { loadExperiment, remoteSettings, resolveRun } from '../../config/index.js';
import { ExitCode, SuperviseError, writeFileAtomic } from '../../protocol/index.js';
import { quoteWord } from '../format.js';
import { describeLaunch, launchArguments, superviseScript } from '../launch-record.js';
import { runCommands, serviceManagerOf } from '../service-manager.js';
import { type Service, serviceMark } from '../service-unit.js';
import { experimentOf, settingOptions, settingsOf } from '../start-options.js';
import type { Command } from './command.js';

/** `supervise install`: a service that starts or continues the run whenever the machine starts. */
export const install: Command = {
  name: 'install',
  operands: '<experiment.json> [flags]',
  about:
    'Writes a systemd user unit (on macOS a launchd agent) with absolute paths and the PATH of this shell, and says how to\nenable it. A run that is complete is found complete at the next start, and nothing happens.',
  options: {
    now: { type: 'boolean', describe: 'Enable and start it at once' },
    print: { type: 'boolean', describe: 'Print what would be written; write nothing' },
    ...settingOptions,
  },
  mostOperands: 1,
  exitCodes: '0, 69 systemctl or launchctl fails, 73 the file cannot be written, 78 wrong configuration',
  run: async ({ parsed, flag }) => {
    const service = describeService(experimentOf(parsed, 'supervise install'), settingsOf(parsed));
    const manager = serviceManagerOf(process.platform);
    const text = manager.describe(service);
    if (flag('print')) {
      process.stdout.write(text);
      return ExitCode.ok;
    }
    const path = manager.path(service.name);
    write(path, text);
    process.stdout.write(`Wrote ${path}\n`);
    const commands = manager.enable(service.name);
    if (flag('now')) {
      runCommands(commands);
      process.stdout.write(`Enabled and started. supervise status ${quoteWord(service.name)} tells where it is.\n`);
      return ExitCode.ok;
    }
    const rest = [...commands.map((words) => words.join(' ')), ...manager.notes];
    process.stdout.write(`To enable it:\n${rest.map((line) => `  ${line}\n`).join('')}`);
    return ExitCode.ok;
  },
};

/** Variables that decide which Python, libraries and devices a trainer gets: a service has none of the shell's own. */
const inherited = [
  ...['PATH', 'LD_LIBRARY_PATH', 'PYTHONPATH', 'VIRTUAL_ENV', 'CONDA_PREFIX', 'CONDA_DEFAULT_ENV'],
  ...['CUDA_HOME', 'CUDA_PATH', 'CUDA_VISIBLE_DEVICES', 'XLA_FLAGS', 'HF_HOME', 'TORCH_HOME'],
];

function describeService(path: string, flags: Readonly<Record<string, unknown>>): Service {
  const loaded = loadExperiment({ path, flags, env: process.env });
  // A run directory that cannot be resolved is told now, not at the next start of the machine.
  resolveRun(loaded, process.cwd());
  const record = describeLaunch(loaded.path, flags);
  const kept = inherited.flatMap((name) => {
    const value = process.env[name];
    return value === undefined || value === '' ? [] : [[name, value] as const];
  });
  return {
    name: loaded.config.experiment_name,
    command: [process.execPath, superviseScript, ...launchArguments(record)],
    cwd: record.cwd,
    environment: { ...Object.fromEntries(kept), ...record.environment },
    stopGraceMs: loaded.config.restart.stop_grace_ms + (remoteSettings(loaded.config)?.stopWaitMs ?? 0),
  };
}

function write(path: string, text: string): void {
  if (existsSync(path) && !readFileSync(path, 'utf8').includes(serviceMark))
    throw new SuperviseError('RUN_DIRECTORY', {
      what: 'there is such a file already, and not of ours',
      where: path,
      hint: 'remove it, or choose another experiment_name',
    });
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileAtomic(path, text);
  } catch (error) {
    const what = `the unit cannot be written: ${(error as Error).message}`;
    throw new SuperviseError('RUN_DIRECTORY', { what, where: path, hint: 'use --print and put it where it belongs' });
  }
}
