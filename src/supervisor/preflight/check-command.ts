import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { type Check, failure, ok } from './check.js';
import { readInterpreter } from './read-interpreter.js';

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
    if (found === undefined)
      return fail(
        isDirectory(resolve(launch.cwd, program)) ? 'it is a directory' : 'no such program or working directory',
      );
    if (!found.isExecutable) return fail('it may not be executed');
    const problem = judgeInterpreter(readWords(found.path), launch.cwd, env['PATH'] ?? '');
    return problem === undefined ? [ok(`${found.path}, in ${launch.cwd}`)] : fail(problem);
  },
};

/** What is wrong with the interpreter that a script's first line names; the kernel only says that there is no such file. */
function judgeInterpreter([interpreter, wanted]: readonly string[], cwd: string, path: string): string | undefined {
  if (interpreter === undefined) return undefined;
  const isEnv = interpreter.endsWith('/env') && wanted !== undefined && !/^-|=/.test(wanted);
  const missing = [interpreter, ...(isEnv ? [wanted] : [])].find((name) => findProgram(name, cwd, path) === undefined);
  if (missing === undefined) return undefined;
  return missing.endsWith('\r')
    ? 'its first line ends in a carriage return (save it with Unix line ends)'
    : `its first line names ${missing}, which is not there`;
}

/** One that may be executed but not read is left to the kernel. */
function readWords(path: string): string[] {
  try {
    return readInterpreter(path);
  } catch {
    return [];
  }
}

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
