import { SuperviseError } from '../../protocol/index.js';
import type { CommandLine } from '../commands/command.js';

/** A whole number that a flag gives, or what it is without the flag. @throws USAGE */
export function wholeNumber(line: CommandLine, name: string, least: number, usual: number): number {
  return numberWithin(
    line,
    name,
    usual,
    `a whole number of at least ${least}`,
    (value) => Number.isSafeInteger(value) && value >= least,
  );
}

/** A number between bounds that a flag gives, or what it is without the flag. @throws USAGE */
export function boundedNumber(
  line: CommandLine,
  name: string,
  [least, most]: readonly [number, number],
  usual: number,
) {
  return numberWithin(
    line,
    name,
    usual,
    `a number from ${least} to ${most}`,
    (value) => value >= least && value <= most,
  );
}

function numberWithin(
  { number }: CommandLine,
  name: string,
  usual: number,
  expected: string,
  isRight: (value: number) => boolean,
): number {
  const value = number(name) ?? usual;
  if (isRight(value)) return value;
  throw new SuperviseError('USAGE', { what: `--${name} is ${value}`, expected });
}

/** One of a few words that a flag gives. @throws USAGE */
export function oneOf<Word extends string>(
  { text }: CommandLine,
  name: string,
  words: readonly Word[],
  usual: Word,
): Word {
  const given = text(name) ?? usual;
  const found = words.find((word) => word === given);
  if (found !== undefined) return found;
  throw new SuperviseError('USAGE', { what: `--${name} is "${given}"`, expected: words.join(', ') });
}

/** What `--backend` takes. */
export const backendNames = ['auto', 'tensorflow', 'webgpu', 'wasm', 'cpu'] as const;
