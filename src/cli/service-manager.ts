import { spawnSync } from 'node:child_process';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { SuperviseError } from '../protocol/index.js';
import { agentLabel, launchdPlist, type Service, systemdUnit, unitName } from './service-unit.js';

/** What starts programs with the machine: systemd, or launchd on macOS. */
export interface ServiceManager {
  readonly describe: (service: Service) => string;
  readonly path: (run: string) => string;
  /** Commands that start the service now and at every start of the machine, take it back, or only tell of a changed file. */
  readonly enable: (run: string) => readonly (readonly string[])[];
  readonly disable: (run: string, isStopped: boolean) => readonly (readonly string[])[];
  readonly reload: readonly (readonly string[])[];
  /** What else the user has to know. */
  readonly notes: readonly string[];
}

/** The manager of a platform. */
export function serviceManagerOf(platform: NodeJS.Platform): ServiceManager {
  return platform === 'darwin' ? launchd : systemd;
}

const user = ['systemctl', '--user'] as const;

const systemd: ServiceManager = {
  describe: systemdUnit,
  path: (run) => join(configHome(), 'systemd', 'user', unitName(run)),
  enable: (run) => [
    [...user, 'daemon-reload'],
    [...user, 'enable', '--now', unitName(run)],
  ],
  disable: (run, isStopped) => [[...user, 'disable', ...(isStopped ? ['--now'] : []), unitName(run)]],
  reload: [[...user, 'daemon-reload']],
  notes: [
    'loginctl enable-linger          once: your services start with the machine, and outlive your logout',
    'journalctl --user -u <unit> -f  what the supervisor prints',
  ],
};

const launchd: ServiceManager = {
  describe: launchdPlist,
  path: (run) => join(homedir(), 'Library', 'LaunchAgents', `${agentLabel(run)}.plist`),
  enable: (run) => [['launchctl', 'load', '-w', launchd.path(run)]],
  disable: (run) => [['launchctl', 'unload', '-w', launchd.path(run)]],
  reload: [],
  notes: ['it starts when you log in; what outlives a logout has to be a daemon (launchd.plist(5))'],
};

function configHome(): string {
  const home = process.env['XDG_CONFIG_HOME'];
  return home === undefined || home === '' ? join(homedir(), '.config') : home;
}

/**
 * Runs commands one after the other, with their output shown.
 * @throws SERVICE_MANAGER when one fails or is not there
 */
export function runCommands(commands: readonly (readonly string[])[]): void {
  for (const [program = '', ...args] of commands) {
    const { status, error } = spawnSync(program, args, { stdio: ['ignore', 'inherit', 'inherit'] });
    if (status === 0) continue;
    throw new SuperviseError('SERVICE_MANAGER', {
      what: `${[program, ...args].join(' ')} failed${error === undefined ? ` with exit code ${status}` : `: ${error.message}`}`,
      hint: 'a systemd user session is needed (not in most containers); without it: supervise start <experiment.json> --detach',
    });
  }
}
