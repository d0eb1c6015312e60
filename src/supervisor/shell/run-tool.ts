import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import type { Socket } from 'node:net';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

// Node's own: a relaunch may wait for a tool, and a library would first have to be loaded.
const run = promisify(execFile);

/** How long a killed tool is waited for. */
const killWaitMs = 200;

/**
 * What a tool prints that ran to its end within the time; undefined when it is missing, fails or takes too long, even if it
 * hangs in a driver where no signal reaches it. `stop` ends it, and it is not waited for any more.
 */
export function runTool(
  command: readonly [string, ...string[]],
  timeoutMs: number,
  stop?: AbortSignal,
): Promise<string | undefined> {
  const [program, ...args] = command;
  const late = AbortSignal.timeout(timeoutMs);
  const signal = stop === undefined ? late : AbortSignal.any([late, stop]);
  const running = run(program, args, { signal, killSignal: 'SIGKILL', maxBuffer: 4 * 1024 * 1024 });
  const { child } = running;
  child.stdin?.on('error', () => undefined).end();
  signal.addEventListener('abort', () => {
    // Where not even SIGKILL ends it, it must not keep us from ending.
    for (const handle of [child, child.stdout as Socket | null, child.stderr as Socket | null]) handle?.unref();
  });
  const output = running.then(
    ({ stdout }) => stdout.trimEnd(),
    () => undefined,
  );
  return Promise.race([output, sleep(timeoutMs + killWaitMs, undefined, { ref: false })]);
}

/** Whether a program of this name can be run. Costs a few system calls, no process. */
export function isOnPath(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    if (!existsSync(join(folder, program))) return false;
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
