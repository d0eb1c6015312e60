import { closest, distance } from 'fastest-levenshtein';
import { SuperviseError } from '../protocol/index.js';

export interface UsageHelp {
  /** The flags that there are, without dashes. */
  readonly flags: readonly string[];
  /** What to do about wrong usage, when no flag is close. */
  readonly hint: string;
}

/** A handler for yargs' `fail`: what yargs complains about is wrong usage, anything else that was thrown stays as it is. */
export function failWith({ flags, hint }: UsageHelp): (message: string, error: Error | undefined) => never {
  return (message, error) => {
    if (error !== undefined && error.name !== 'YError') throw error;
    const near = closeFlag(message, flags);
    throw new SuperviseError('USAGE', {
      what: message ?? error?.message,
      hint: near === undefined ? hint : `did you mean --${near}?`,
    });
  };
}

/** An experiment file that is not there may have been meant as a command. */
export function orMeantCommand(error: unknown, word: string | undefined, commands: readonly string[]): unknown {
  if (!(error instanceof SuperviseError) || error.code !== 'CONFIG_NOT_FOUND') return error;
  if (word === undefined || !/^[a-z-]+$/i.test(word)) return error;
  const near = closest(word, commands);
  const hint = isClose(word, near) ? `did you mean: supervise ${near}?` : 'supervise --help lists the commands';
  return new SuperviseError('USAGE', { what: `"${word}" is neither a command nor an experiment file`, hint });
}

function closeFlag(message: string, flags: readonly string[]): string | undefined {
  const [, unknown] = /^Unknown arguments?: ([^,\s]+)/.exec(message ?? '') ?? [];
  if (unknown === undefined) return undefined;
  const near = closest(unknown, flags);
  return isClose(unknown, near) ? near : undefined;
}

function isClose(word: string, near: string): boolean {
  return distance(word, near) <= Math.max(1, Math.floor(near.length / 3));
}
