import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Output of a tool that ran to its end within the time, stderr included; undefined when it is missing, fails or takes too long. */
export async function runTool(command: readonly [string, ...string[]], timeoutMs: number): Promise<string | undefined> {
  const [program, ...args] = command;
  try {
    // Loaded when there is a tool to run: it takes 30 ms and 9 MB.
    const { execa } = await import('execa');
    const { stdout, failed } = await execa(program, args, {
      reject: false,
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
      stdin: 'ignore',
      maxBuffer: 4 * 1024 * 1024,
    });
    return failed ? undefined : stdout;
  } catch {
    return undefined;
  }
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
