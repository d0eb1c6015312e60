import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { listCheckpoints } from '../../checkpoint/index.js';
import { epochInfoPath, readEpochInfo, runPaths, SuperviseError } from '../../protocol/index.js';
import { inspectRun } from '../../supervisor/shell/inspect-run.js';
import { findRun } from '../find-run.js';
import { isFile } from '../is-file.js';

/**
 * The checkpoint directory that a user means: a folder with checkpoints in it, or a run by experiment file, directory or name.
 * @throws RUN_NOT_FOUND when there is none
 */
export async function findCheckpointDir(named: string | undefined, runsDir: string): Promise<string> {
  if (named !== undefined) {
    const path = resolve(named);
    if (listCheckpoints(path).length > 0 || existsSync(epochInfoPath(path))) return path;
  }
  const runDir = await findRun(named, runsDir);
  return inspectRun(runDir).status?.checkpoint_dir ?? runPaths(runDir).checkpoints;
}

/**
 * The checkpoint that a user means, as the path without `.index`: by that path or one of its files, as a `.safetensors` file,
 * or the newest committed one of a directory or run.
 * @throws CHECKPOINT_MISSING, RUN_NOT_FOUND
 */
export async function findCheckpoint(named: string | undefined, runsDir: string): Promise<string> {
  if (named !== undefined) {
    const prefix = resolve(named.replace(/\.(index|data-\d{5}-of-\d{5})$/, ''));
    if (existsSync(`${prefix}.index`) || (prefix.endsWith('.safetensors') && isFile(prefix))) return prefix;
    if (/(^|\/)(ckpt|partial)-[\d-]+$/.test(prefix))
      throw new SuperviseError('CHECKPOINT_MISSING', { what: 'there is no such checkpoint', where: `${prefix}.index` });
  }
  const directory = await findCheckpointDir(named, runsDir);
  const info = readEpochInfo(directory);
  const newest = info?.partial?.checkpoint ?? info?.checkpoint;
  const all = listCheckpoints(directory).map(({ name }) => name);
  const found = newest !== undefined && all.includes(newest) ? newest : all.at(-1);
  if (found !== undefined) return join(directory, found);
  throw new SuperviseError('CHECKPOINT_MISSING', { what: 'there is no checkpoint', where: directory });
}
