import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Experiment, findFiles, isPattern } from '../../config/index.js';
import { type Check, failure, ok, warning } from './check.js';

/** Data files and weights that the experiment names are there. */
export const checkDataFiles: Check = {
  title: 'data',
  look: async ({ loaded, launch, isReference }) => {
    const named = namedFiles(loaded.config);
    const found = await Promise.all(named.map(({ path, endings }) => isThere(resolve(launch.cwd, path), endings)));
    const missing = named.filter((_, index) => found[index] !== true);
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
  const named: [string, string | readonly string[] | undefined, string[]][] = [
    ['data.tfrecord_path', data.tfrecord_path, ['']],
    ['data.val_tfrecord_path', data.val_tfrecord_path, ['']],
    ['data.charset_path', data.charset_path, ['']],
    ['model.recognizer.weights', use_pretrained ? weights : undefined, ['.index', '']],
  ];
  return named.flatMap(([key, paths, endings]) =>
    paths === undefined ? [] : [paths].flat().map((path) => ({ key, path, endings })),
  );
}

async function isThere(path: string, endings: readonly string[]): Promise<boolean> {
  if (endings.some((ending) => existsSync(path + ending))) return true;
  return (
    isPattern(path) &&
    (await findFiles(path)
      .then(() => true)
      .catch(() => false))
  );
}
