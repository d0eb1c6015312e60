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

function closeFlag(message: string, flags: readonly string[]): string | undefined {
  const [, unknown] = /^Unknown arguments?: ([^,\s]+)/.exec(message ?? '') ?? [];
  if (unknown === undefined) return undefined;
  const near = closest(unknown, flags);
  return distance(unknown, near) <= Math.max(1, Math.floor(near.length / 3)) ? near : undefined;
}
