import { ExitCode, SuperviseError } from '../protocol/index.js';

/** Prints an error as the user should see it, and returns the exit code that belongs to it. */
export function reportError(program: string, error: unknown): number {
  if (error instanceof SuperviseError) {
    process.stderr.write(`${program}: ${error.message}\n`);
    return error.exitCode;
  }
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  process.stderr.write(`${program}: ${message}\n`);
  process.stderr.write(
    process.env['SUPERVISE_DEBUG'] === undefined
      ? '  this should not happen; SUPERVISE_DEBUG=1 shows where it did\n'
      : `${stack}\n`,
  );
  return ExitCode.internal;
}
