import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Writable } from 'node:stream';
import type { TrainerLaunch } from '../../config/index.js';
import { type ExitStatus, systemErrorCode } from '../../protocol/index.js';
import { readProcess } from './processes.js';

/** A trainer that was started. */
export interface SpawnedTrainer {
  readonly pid: number;
  readonly startTime: string;
  readonly ended: Promise<ExitStatus>;
  /** Its standard input, when it was wanted. */
  readonly input: Writable | undefined;
}

/** Why nothing was started. `isPermanent`: the command itself is wrong, so that trying again cannot help. */
export interface SpawnFailure {
  readonly reason: string;
  readonly isPermanent: boolean;
}

/**
 * Starts the trainer in a session and process group of its own. Its stdout and stderr are the log file itself: nothing passes
 * through us, so that the log goes on when we are killed.
 */
export async function spawnTrainer(
  launch: TrainerLaunch,
  output: string,
  { hasInput = false } = {},
): Promise<SpawnedTrainer | SpawnFailure> {
  const [program, ...args] = launch.command;
  let log: number;
  try {
    mkdirSync(dirname(output), { recursive: true });
    log = openSync(output, 'a', 0o644);
  } catch (error) {
    return { reason: `the trainer's log cannot be opened: ${(error as Error).message}`, isPermanent: false };
  }
  try {
    const child = spawn(program, args, {
      cwd: launch.cwd,
      env: { ...process.env, ...launch.env },
      detached: true,
      stdio: [hasInput ? 'pipe' : 'ignore', log, log],
    });
    if (child.pid === undefined) return describeFailure(await failureOf(child), launch);
    const ended = new Promise<ExitStatus>((settle) => {
      child.once('exit', (code, signal) => settle({ code, signal }));
    });
    // Until it is waited for, in a later turn of the event loop, its entry in /proc stays, even if it has ended already.
    return {
      pid: child.pid,
      startTime: readProcess(child.pid)?.startTime ?? '',
      ended,
      input: child.stdin ?? undefined,
    };
  } catch (error) {
    return describeFailure(error, launch);
  } finally {
    closeSync(log);
  }
}

function failureOf(child: ChildProcess): Promise<Error> {
  return new Promise((settle) => {
    child.once('error', settle);
  });
}

const permanent: Readonly<Record<string, string>> = {
  ENOENT: 'no such program or working directory',
  EACCES: 'it may not be executed',
  EPERM: 'it may not be executed',
  ENOTDIR: 'a part of its path is no directory',
  ENOEXEC: 'it is no executable file (a script needs a first line such as #!/usr/bin/env python3)',
};

function describeFailure(error: unknown, { command, cwd }: TrainerLaunch): SpawnFailure {
  const code = systemErrorCode(error) ?? '';
  const known = permanent[code];
  const why = known ?? (error instanceof Error ? error.message : String(error));
  return { reason: `cannot start "${command[0]}" in ${cwd}: ${why}`, isPermanent: known !== undefined };
}
