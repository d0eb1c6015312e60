import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { type Check, failure, ok } from './check.js';

/** The trainer's program is found and may be executed, in a working directory that exists. */
export const checkCommand: Check = {
  title: 'command',
  look: ({ launch, env }) => {
    const [program] = launch.command;
    const fix = 'correct trainer.command or trainer.cwd, or install it; check the PATH of this shell';
    // The words of a launch that fails, which is what this would come to.
    const fail = (why: string) => [failure('machine', `cannot start "${program}" in ${launch.cwd}: ${why}`, fix)];
    if (!isDirectory(launch.cwd)) return fail('no such program or working directory (the directory is missing)');
    const found = findProgram(program, launch.cwd, env['PATH'] ?? '');
    if (found === undefined) return fail('no such program or working directory');
    return found.isExecutable ? [ok(`${found.path}, in ${launch.cwd}`)] : fail('it may not be executed');
  },
};

interface Program {
  readonly path: string;
  readonly isExecutable: boolean;
}

/** As execvp(3) finds it: a name with a slash from the working directory, any other below the folders of the PATH. */
export function findProgram(program: string, cwd: string, path: string): Program | undefined {
  const places = program.includes('/')
    ? [resolve(cwd, program)]
    : path.split(delimiter).map((folder) => resolve(cwd, join(folder, program)));
  const files = places.filter(isFile).map((place) => ({ path: place, isExecutable: mayExecute(place) }));
  return files.find(({ isExecutable }) => isExecutable) ?? files[0];
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function mayExecute(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
