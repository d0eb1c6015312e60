import { accessSync, constants, rmdirSync, rmSync, statSync, writeSync } from 'node:fs';
import { delimiter, dirname, isAbsolute, join, resolve } from 'node:path';
import type { Writable } from 'node:stream';
import { setImmediate } from 'node:timers';
import type { TrainerLaunch } from '../../config/index.js';
import { systemErrorCode } from '../../protocol/index.js';
import type { Excepted } from './find-run-processes.js';
import { type SpawnedTrainer, spawnTrainer } from './spawn-trainer.js';

/**
 * The next attempt's process, forked ahead of time: a shell that waits for one line and then becomes the trainer. To fork a
 * process of our size takes longer than all else that a relaunch does; here that is done while the trainer still works.
 */
export interface ParkedLaunch {
  /** Parks a shell for this attempt, unless that was tried before. Failing is no harm: the launch forks as ever then. */
  readonly park: (attempt: number, launch: TrainerLaunch, output: string) => Promise<void>;
  /** Lets the parked shell become the trainer; undefined when there is none that fits. */
  readonly take: (attempt: number, launch: TrainerLaunch) => SpawnedTrainer | undefined;
  /** The shell that is parked: it is no leftover. */
  readonly shell: () => Excepted;
  /** Ends a parked shell, and removes the log that it was to write. */
  readonly dismiss: () => void;
}

interface Parked {
  readonly attempt: number;
  readonly launch: TrainerLaunch;
  readonly output: string;
  readonly program: string;
  readonly shell: SpawnedTrainer;
}

/** Without a line (we are gone) it ends. `"$@"` is the command. */
const script = 'IFS= read -r line || exit 0; eval "$line"';

export function createParkedLaunch(): ParkedLaunch {
  let parked: Parked | undefined;
  let lastTried = 0;
  const end = () => {
    parked?.shell.input?.end();
    parked = undefined;
  };
  return {
    park: async (attempt, launch, output) => {
      if (lastTried >= attempt) return;
      lastTried = attempt;
      end();
      const program = findProgram(launch);
      if (program === undefined || !canPassThroughShell(launch)) return;
      const command = ['/bin/sh', '-c', script, 'supervise', ...launch.command] as const;
      const shell = await spawnTrainer({ ...launch, command }, output, { hasInput: true });
      if ('reason' in shell) return;
      // Writing to a shell that has just died must not end the supervisor.
      shell.input?.on('error', () => undefined);
      const waiting = { attempt, launch, output, program, shell };
      parked = waiting;
      void shell.ended.then(() => {
        if (parked === waiting) parked = undefined;
      });
    },
    take: (attempt, launch) => {
      if (parked?.attempt !== attempt) return undefined;
      const { shell, program } = parked;
      const line = describeExec(parked.launch, launch);
      if (line === undefined || shell.input === undefined || !isExecutable(program) || !say(line, shell.input)) {
        end();
        return undefined;
      }
      parked = undefined;
      return { ...shell, input: undefined };
    },
    // Forgotten as soon as it has ended, which is when its number is free again.
    shell: () => ({ attempt: parked?.attempt, child: parked?.shell.pid }),
    dismiss: () => {
      if (parked !== undefined) removeUnused(parked.output);
      end();
    },
  };
}

/**
 * A line fits into the pipe's buffer: written at once it comes a tenth of a relaunch earlier than through the stream. False when
 * nobody reads: the shell has died.
 */
function say(line: string, input: Writable): boolean {
  const { fd } = (input as { readonly _handle?: { readonly fd?: unknown } })._handle ?? {};
  let written = 0;
  try {
    if (typeof fd === 'number' && fd >= 0) written = writeSync(fd, line);
  } catch (error) {
    if (systemErrorCode(error) === 'EPIPE') return false;
    // A full pipe: the stream waits.
  }
  if (written < Buffer.byteLength(line)) input.end(Buffer.from(line).subarray(written));
  else setImmediate(() => input.end());
  return true;
}

const shellName = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** A shell drops variables whose names it cannot use (exported functions, for one), and reads a line up to its end. */
function canPassThroughShell({ command, env }: TrainerLaunch): boolean {
  const names = [...Object.keys(process.env), ...Object.keys(env)];
  return process.platform !== 'win32' && names.every((name) => shellName.test(name)) && !hasLineEnd(command);
}

/** The line that makes a parked shell this launch; what was foreseen is not said again. Undefined when it cannot be said. */
export function describeExec(foreseen: TrainerLaunch, { command, cwd, env }: TrainerLaunch): string | undefined {
  const exported = Object.entries(env).filter(([name, value]) => foreseen.env[name] !== value);
  const unset = Object.keys(foreseen.env).filter((name) => !(name in env));
  const isSayable = exported.every(([name]) => shellName.test(name)) && unset.length === 0;
  if (cwd !== foreseen.cwd || !isSayable || hasLineEnd([...command, ...exported.map(([, value]) => value)]))
    return undefined;
  const isSameCommand =
    command.length === foreseen.command.length && command.every((word, i) => word === foreseen.command[i]);
  const words = isSameCommand ? '"$@"' : command.map(quote).join(' ');
  const exports = exported.map(([name, value]) => `${name}=${quote(value)}`);
  const before = exports.length === 0 ? '' : `export ${exports.join(' ')};`;
  return `${before}exec ${words} </dev/null\n`;
}

function hasLineEnd(words: readonly string[]): boolean {
  return words.some((word) => /[\n\0]/.test(word));
}

function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/** The file that a command names, as execvp(3) finds it. */
function findProgram({ command: [program], cwd, env }: TrainerLaunch): string | undefined {
  if (program.includes('/')) return firstExecutable([isAbsolute(program) ? program : resolve(cwd, program)]);
  const folders = (env['PATH'] ?? process.env['PATH'] ?? '').split(delimiter);
  return firstExecutable(folders.map((folder) => resolve(cwd, join(folder, program))));
}

function firstExecutable(paths: readonly string[]): string | undefined {
  return paths.find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function removeUnused(output: string): void {
  try {
    if (statSync(output).size > 0) return;
    rmSync(output);
    rmdirSync(dirname(output));
  } catch {
    // It is gone, or something else is in the folder: no harm.
  }
}
