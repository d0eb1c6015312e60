// Starts a child under each supervisor, with the least delay between restarts that it can be set to, its logging as it comes.
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, closeSync, mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { descendants, endProcess, isAlive, readStamps, signal } from './process.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * A supervisor: `start(folder, command)` spawns it and returns `{ pid(), end() }`: the process to look at (its descendants
 * other than the child belong to it), and how it is ended. `logs(folder)`: where the child's output is.
 */
export function listSupervisors(
  peers,
  { command: ownCommand = [process.execPath, join(root, 'bin/supervise.js')] } = {},
) {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const all = {
    supervise: { version, ...supervise(ownCommand) },
    floor: { version: process.version, ...floor() },
    pm2: { ...peers.pm2, ...pm2(peers.pm2.path) },
    forever: { ...peers.forever, ...forever(peers.forever.path) },
    supervisord: { ...peers.supervisord, ...supervisord(peers.supervisord.path) },
    runit: { ...peers.runit, ...runit(peers.runit.path) },
    s6: { ...peers.s6, ...s6(peers.s6.path) },
    bash: { ...peers.bash, ...untilLoop(peers.bash.path) },
  };
  return Object.entries(all).map(([name, supervisor]) => ({ name, ...supervisor }));
}

function supervise(command) {
  return {
    start: (folder, child) => {
      const experiment = join(folder, 'experiment.json');
      writeFileSync(
        experiment,
        JSON.stringify({
          experiment_name: 'bench',
          epochs: 1_000_000,
          run_dir: join(folder, 'run'),
          trainer: { command: child },
          restart: {
            initial_delay_ms: 0,
            max_delay_ms: 0,
            max_restarts: 1_000_000,
            max_restarts_without_progress: 1_000_000,
            stop_grace_ms: 1000,
          },
        }),
      );
      return foreground(folder, [...command, experiment]);
    },
    logs: (folder) => filesBelow(join(folder, 'run', 'attempts')).filter((path) => path.endsWith('output.log')),
  };
}

function floor() {
  return {
    start: (folder, child) =>
      foreground(folder, [process.execPath, join(root, 'bench/floor.mjs'), join(folder, 'child.log'), ...child]),
    logs: (folder) => [join(folder, 'child.log')],
  };
}

/** As users start it: the command returns, a daemon of its own stays. */
function pm2(path) {
  const environment = (folder) => ({
    ...process.env,
    PM2_HOME: join(folder, 'home'),
    PM2_DISABLE_VERSION_CHECK: 'true',
  });
  return {
    start: (folder, [program, ...args]) => {
      const env = environment(folder);
      const config = join(folder, 'ecosystem.config.json');
      const app = { name: 'bench', script: program, args, interpreter: 'none', restart_delay: 0, min_uptime: 0 };
      writeFileSync(config, JSON.stringify({ apps: [{ ...app, max_restarts: 1_000_000, cwd: folder }] }));
      const started = spawn(process.execPath, [path, 'start', config], { env, cwd: folder, stdio: outputOf(folder) });
      const pid = () => Number(readFileSync(join(folder, 'home', 'pm2.pid'), 'utf8'));
      const ended = new Promise((settle) => started.once('exit', settle));
      return {
        pid,
        end: async () => {
          await ended;
          const daemon = pid();
          spawnSync(process.execPath, [path, 'kill'], { env, stdio: 'ignore' });
          await endProcess(daemon);
        },
      };
    },
    logs: (folder) => filesBelow(join(folder, 'home', 'logs')).filter((file) => file.includes('bench-out')),
  };
}

/** It takes the first argument for the script, which has to exist: here the stamps. */
function forever(path) {
  return {
    start: (folder, [program, mode, stamps, ...args]) => {
      closeSync(openSync(stamps, 'a'));
      const settings = ['--minUptime', '1', '--spinSleepTime', '1', '-l', join(folder, 'child.log'), '-a'];
      const env = { ...process.env, FOREVER_ROOT: join(folder, 'home') };
      const command = [process.execPath, path, ...settings, '-c', `${program} ${mode}`, stamps, ...args];
      return foreground(folder, command, env);
    },
    // In the foreground it passes the child's output on to its own.
    logs: (folder) => [join(folder, 'supervisor.out')],
  };
}

function supervisord(path) {
  return {
    start: (folder, child) => {
      const config = join(folder, 'supervisord.conf');
      const log = join(folder, 'logs');
      mkdirSync(log);
      writeFileSync(
        config,
        `[supervisord]\nnodaemon=true\nlogfile=${join(folder, 'supervisord.log')}\npidfile=${join(folder, 'pid')}\n` +
          `[program:bench]\ncommand=${child.join(' ')}\nautorestart=true\nstartsecs=0\nstartretries=1000000\n` +
          `stdout_logfile=${join(log, 'child.log')}\n`,
      );
      return foreground(folder, [path, '-n', '-c', config]);
    },
    logs: (folder) => filesBelow(join(folder, 'logs')),
  };
}

function runit(path) {
  return {
    start: (folder, child) => {
      const service = join(folder, 'service');
      const logs = join(folder, 'logs');
      mkdirSync(logs);
      writeScript(join(service, 'run'), `exec 2>&1\nexec ${child.join(' ')}`);
      writeScript(join(service, 'log', 'run'), `exec svlogd ${logs}`);
      return foreground(folder, [path, service]);
    },
    logs: (folder) => filesBelow(join(folder, 'logs')).filter((file) => /current$|@/.test(file)),
  };
}

/** s6-supervise has no logger of its own: as in its manual, the service is piped into s6-log. */
function s6(path) {
  return {
    start: (folder, child) => {
      const service = join(folder, 'service');
      const logs = join(folder, 'logs');
      mkdirSync(logs);
      writeScript(join(service, 'run'), `exec 2>&1\nexec ${child.join(' ')}`);
      writeScript(join(folder, 'start'), `${path} ${service} | s6-log ${logs}`);
      return foreground(folder, [join(folder, 'start')]);
    },
    logs: (folder) => filesBelow(join(folder, 'logs')).filter((file) => /current$|@/.test(file)),
  };
}

function untilLoop(path) {
  return {
    start: (folder, child) =>
      foreground(folder, [path, '-c', `until ${child.join(' ')} >> ${join(folder, 'child.log')} 2>&1; do :; done`]),
    logs: (folder) => [join(folder, 'child.log')],
  };
}

/** A supervisor that stays in the foreground is ended with all that is below it. */
export function foreground(folder, [program, ...args], env = process.env) {
  const { pid } = spawn(program, args, { cwd: folder, env, stdio: outputOf(folder), detached: true });
  return {
    pid: () => pid,
    end: async () => {
      const below = descendants(pid);
      await endProcess(pid);
      const stamps = readStamps(join(folder, 'stamps'));
      for (const left of new Set([...below, ...stamps.slice(-1).map((stamp) => stamp.pid)]))
        if (isAlive(left)) signal(left, 'SIGKILL');
    },
  };
}

const outputOf = (folder) => {
  const file = openSync(join(folder, 'supervisor.out'), 'a');
  return ['ignore', file, file];
};

function writeScript(path, body) {
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o755);
}

function filesBelow(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
