/** How a program ended. */
export interface ProgramResult {
  /** Whether there is such a program at all. */
  readonly isFound: boolean;
  /** Undefined when a signal or the time limit ended it. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end; a failure is a result, not an exception. */
export async function runProgram(
  program: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly timeoutMs: number; readonly env?: Readonly<Record<string, string>> },
): Promise<ProgramResult> {
  const { execa } = await import('execa');
  const { timeoutMs: timeout, ...rest } = options;
  const { exitCode, code, stdout, stderr, shortMessage } = await execa(program, args, {
    ...rest,
    timeout,
    reject: false,
    stdin: 'ignore',
    killSignal: 'SIGKILL',
    maxBuffer: 16 * 1024 * 1024,
  });
  // ENOENT comes from a missing working directory too, but those that are given exist.
  const isFound = code !== 'ENOENT' && code !== 'EACCES';
  return { isFound, code: exitCode, stdout, stderr: stderr === '' ? (shortMessage ?? '') : stderr };
}
