import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Experiment } from '../../config/index.js';
import { type Check, failure, ok, warning } from './check.js';

/** Data files and weights that the experiment names are there. */
export const checkDataFiles: Check = {
  title: 'data',
  isQuick: true,
  look: ({ loaded, launch, isReference }) => {
    const named = namedFiles(loaded.config);
    const missing = named.filter(({ path, endings }) => !isThere(resolve(launch.cwd, path), endings));
    if (missing.length === 0) return named.length === 0 ? [] : [ok(`${named.length} files that it names are there`)];
    return missing.map(({ key, path }) => {
      const what = `${key}: there is no ${resolve(launch.cwd, path)}`;
      const fix = `correct ${key} in ${loaded.path}, or put the file there`;
      return isReference ? failure('experiment', what, fix) : warning(what, `${fix}, if your trainer reads it`);
    });
  },
};

interface NamedFile {
  readonly key: string;
  readonly path: string;
  /** What may follow the path: a checkpoint is named by its prefix. */
  readonly endings: readonly string[];
}

function namedFiles({ data, model }: Experiment): NamedFile[] {
  const { weights, use_pretrained } = model.recognizer;
  const named: [string, string | undefined, string[]][] = [
    ['data.tfrecord_path', data.tfrecord_path, ['']],
    ['data.val_tfrecord_path', data.val_tfrecord_path, ['']],
    ['data.charset_path', data.charset_path, ['']],
    ['model.recognizer.weights', use_pretrained ? weights : undefined, ['.index', '']],
  ];
  return named.flatMap(([key, path, endings]) => (path === undefined ? [] : [{ key, path, endings }]));
}

function isThere(path: string, endings: readonly string[]): boolean {
  return endings.some((ending) => existsSync(path + ending));
}
