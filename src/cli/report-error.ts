import { ExitCode, SuperviseError, systemErrorCode } from '../protocol/index.js';

/** With these the system refuses to write where a command was told to. */
const refusals = ['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT', 'ENOTDIR', 'EISDIR', 'ENAMETOOLONG'];

/**
 * Prints an error as the user should see it, and returns the exit code that belongs to it. A trainer names the code of what
 * is wrong with data or checkpoints too: its supervisor tells by it what happened.
 */
export function reportError(program: string, error: unknown, { namesCode = false } = {}): number {
  if (error instanceof SuperviseError) {
    const isNamed = namesCode && error.exitCode === ExitCode.data;
    const message = isNamed ? error.message.replace(/$/m, ` (${error.code})`) : error.message;
    process.stderr.write(`${program}: ${message}\n`);
    return error.exitCode;
  }
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  process.stderr.write(`${program}: ${message}\n`);
  if (!namesCode && refusals.includes(systemErrorCode(error) ?? '')) {
    process.stderr.write('  to fix it: correct the path, its owner or mode, or make room on its disk\n');
    return ExitCode.cannotCreate;
  }
  process.stderr.write(
    process.env['SUPERVISE_DEBUG'] === undefined
      ? '  this should not happen; SUPERVISE_DEBUG=1 shows where it did\n'
      : `${stack}\n`,
  );
  return ExitCode.internal;
}
