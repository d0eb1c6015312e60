import { closest } from 'fastest-levenshtein';
import { type FaultName, faultNames, faults, isFaultName } from '../../chaos/index.js';
import { SuperviseError } from '../../protocol/index.js';

/** Faults that end nothing for good and need nothing but Linux: what a campaign takes without a list. */
export const usualFaults = ['sigkill', 'hang', 'torn-checkpoint', 'both-sigkill'] as const;

/**
 * Reads a list such as `sigkill,hang`, or `all` for the whole catalogue but what ends a run.
 * @throws USAGE for a name that is not in the catalogue
 */
export function readFaults(text: string): readonly [FaultName, ...FaultName[]] {
  const words = text.split(',').map((word) => word.trim());
  const named = words.flatMap((word): FaultName[] => {
    if (word === '') return [];
    if (word === 'all') return faultNames.filter((name) => faults[name].outcome !== 'gives-up');
    if (isFaultName(word)) return [word];
    throw new SuperviseError('USAGE', {
      what: `"${word}" is no fault`,
      where: '--faults',
      expected: 'names of docs/faults.md with commas between them, or all',
      hint: `did you mean ${closest(word, faultNames)}? supervise chaos --list names them all`,
    });
  });
  const [first, ...rest] = [...new Set(named)];
  if (first === undefined)
    throw new SuperviseError('USAGE', {
      what: 'no fault is named',
      where: '--faults',
      expected: 'such as sigkill,hang',
    });
  return [first, ...rest];
}

const units = { ms: 1, s: 1000, m: 60_000, min: 60_000, h: 3_600_000 } as const;

/** Milliseconds of a duration such as `20s`. @throws USAGE for anything else */
export function readDuration(flag: string, text: string): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)\s*(ms|s|min|m|h)$/.exec(text.trim()) ?? [];
  const ms = Number(amount) * units[(unit ?? 's') as keyof typeof units];
  if (unit !== undefined && ms > 0) return ms;
  throw new SuperviseError('USAGE', {
    what: `--${flag} is "${text}"`,
    expected: 'a duration with its unit, such as 500ms, 20s, 5m or 1h',
  });
}

/** @throws USAGE for anything but a whole number above 0 */
export function readCount(flag: string, value: number): number {
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new SuperviseError('USAGE', { what: `--${flag} is ${value}`, expected: 'a whole number above 0' });
}
