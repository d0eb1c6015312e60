import { SuperviseError } from '../../protocol/index.js';
import { parseSavePolicy } from '../../trainer/loop/save-policy.js';

/** A time such as `90s`, `20m` or `3h` in seconds; `usual` when none is given. */
export function readSecs(name: string, text: string | undefined, usual: number): number {
  if (text === undefined) return usual;
  const policy = parseSavePolicy(text);
  if (policy?.kind === 'secs') return policy.secs;
  throw new SuperviseError('USAGE', { what: `--${name} is ${text}`, expected: 'a time such as 90s, 20m or 3h' });
}

/** Numbers of workers: `1,64,16384`. */
export function readWorkers(text: string): number[] {
  return text.split(',').map((word) => readWhole('workers', word.trim() === '' ? Number.NaN : Number(word)));
}

export function readWhole(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new SuperviseError('USAGE', { what: `--${name} is ${value}`, expected: 'whole numbers above 0' });
}

export function readShare(name: string, value: number): number {
  if (value >= 0 && value <= 1) return value;
  throw new SuperviseError('USAGE', { what: `--${name} is ${value}`, expected: 'a number from 0 to 1' });
}
