import { readdirSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { systemErrorCode } from '../../protocol/index.js';

/** A checkpoint of an earlier epoch: the epoch as the trainer counts it, and the path as `epoch_info.json` would name it. */
export interface FoundEpoch {
  readonly epoch: number;
  readonly path: string;
}

/**
 * The checkpoints that a pattern finds, newest first: `{epoch}` stands for a number, with any zeros before it, `*` for anything
 * within one name. Of several for one epoch the last by name is taken.
 * @throws the system error when a folder cannot be read
 */
export function findByPattern(directory: string, pattern: string): FoundEpoch[] {
  const isRooted = isAbsolute(pattern);
  let found: { path: string; epoch: number | undefined }[] = [{ path: isRooted ? '/' : '', epoch: undefined }];
  for (const part of pattern.split('/').filter((one) => one !== '' && one !== '.')) {
    found = found.flatMap(({ path, epoch }) => {
      if (!/[*{]/.test(part)) return [{ path: join(path, part), epoch }];
      const expression = toExpression(part);
      return listSorted(isRooted ? path : join(directory, path)).flatMap((name) => {
        const match = expression.exec(name);
        if (match === null) return [];
        return [{ path: join(path, name), epoch: match[1] === undefined ? epoch : Number(match[1]) }];
      });
    });
  }
  const byEpoch = new Map(found.flatMap(({ path, epoch }) => (epoch === undefined ? [] : [[epoch, path] as const])));
  return [...byEpoch].map(([epoch, path]) => ({ epoch, path })).sort((left, right) => right.epoch - left.epoch);
}

/**
 * The pattern that the name of one epoch's checkpoint tells, when it tells one only: the name holds the epoch's number exactly
 * once. Undefined otherwise.
 */
export function guessPattern(path: string, epoch: number): string | undefined {
  const slash = path.lastIndexOf('/') + 1;
  const name = path.slice(slash);
  const numbers = [...name.matchAll(/\d+/g)].filter(([digits]) => Number(digits) === epoch);
  const [only] = numbers;
  if (only === undefined || numbers.length > 1) return undefined;
  const literal = (text: string) => text.replaceAll('*', '').replaceAll('{epoch}', '');
  const [before, after] = [name.slice(0, only.index), name.slice(only.index + only[0].length)];
  if (literal(name) !== name) return undefined;
  return `${path.slice(0, slash)}${before}{epoch}${after}`;
}

function toExpression(part: string): RegExp {
  const pieces = part.split(/(\{epoch\}|\*)/).map((piece) => {
    if (piece === '{epoch}') return '(\\d{1,9})';
    return piece === '*' ? '.*?' : piece.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  });
  return new RegExp(`^${pieces.join('')}$`);
}

function listSorted(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT' || systemErrorCode(error) === 'ENOTDIR') return [];
    throw error;
  }
}
