import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { SuperviseError } from '../protocol/index.js';

/**
 * The data files that paths and patterns (`shards/train-*.tfrecord.gz`) name, as absolute paths: in the order given, those of
 * a pattern sorted by name, each file once. A file that is called like a pattern is that file.
 * @throws DATA_MISSING for a pattern that matches nothing
 */
export async function findFiles(named: string | readonly string[], key = 'data.tfrecord_path'): Promise<string[]> {
  const found: string[] = [];
  for (const path of typeof named === 'string' ? [named] : named) found.push(...(await expand(path, key)));
  return [...new Set(found)];
}

async function expand(path: string, key: string): Promise<string[]> {
  if (!isPattern(path) || existsSync(path)) return [resolve(path)];
  const { glob } = await import('tinyglobby');
  const matches = await glob(path.replaceAll('\\', '/'), { absolute: true, onlyFiles: true, expandDirectories: false });
  if (matches.length > 0) return matches.map((match) => resolve(match)).sort();
  throw new SuperviseError('DATA_MISSING', {
    what: 'no file matches this pattern (ENOENT)',
    where: resolve(path),
    hint: `check ${key}`,
  });
}

/** Whether a path may stand for several files. */
export function isPattern(path: string): boolean {
  return /[*?[\]{}()!]/.test(path);
}
