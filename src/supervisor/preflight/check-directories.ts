import { accessSync, constants, statSync } from 'node:fs';
import { systemErrorCode } from '../../protocol/index.js';
import { type Check, type Finding, failure, ok } from './check.js';
import { nearestFolder } from './nearest-folder.js';

/** The directories of the run can be written, or created. Of the run directory itself the supervisor tells (exit code 73). */
export const checkDirectories: Check = {
  title: 'directories',
  look: ({ run, isQuick, isReference }) => {
    const wanted = [
      ...(isQuick ? [] : [{ name: 'run directory', path: run.runDir }]),
      ...(isQuick && dependsOn(run.checkpointDir, run.runDir)
        ? []
        : [{ name: 'checkpoint directory', path: run.checkpointDir }]),
      ...(isReference && !(isQuick && dependsOn(run.sampleDir, run.runDir))
        ? [{ name: 'sample directory', path: run.sampleDir }]
        : []),
    ];
    const findings = wanted.flatMap(({ name, path }) => judge(name, path));
    return findings.length > 0 ? findings : [ok(wanted.map(({ path }) => path).join(', ') || run.runDir)];
  },
};

/** Whether what holds for one folder holds for the other: it is to be created in it. */
function dependsOn(path: string, folder: string): boolean {
  return path.startsWith(`${folder}/`) && nearestFolder(path) === nearestFolder(folder);
}

function judge(name: string, path: string): Finding[] {
  const folder = nearestFolder(path);
  const fix = `correct owner and mode, or choose another ${name}`;
  if (!statSync(folder).isDirectory())
    return [failure('experiment', `the ${name} ${path}: ${folder} is no directory`, fix)];
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return [];
  } catch (error) {
    const why = systemErrorCode(error) === 'EROFS' ? 'is on a read-only file system' : 'cannot be written';
    return [failure('machine', `the ${name} ${path}: ${folder} ${why}`, fix)];
  }
}
