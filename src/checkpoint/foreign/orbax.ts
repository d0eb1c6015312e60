import { existsSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { readFileBounded } from '../../protocol/index.js';
import { listNames } from '../list-checkpoints.js';

const temporary = '.orbax-checkpoint-tmp';
const metadataFile = '_CHECKPOINT_METADATA';
const commitFile = 'commit_success.txt';
/** Files that orbax never leaves empty in a whole checkpoint. */
const neverEmpty = new Set(['_METADATA', 'manifest.ocdbt', '_sharding', metadataFile]);

/** Whether a folder is a checkpoint of orbax (JAX): by its metadata, its commit marker, or its temporary name. */
export function isOrbax(folder: string, names: readonly string[]): boolean {
  const hasMark = names.some((name) => name === metadataFile || name === commitFile || name === 'manifest.ocdbt');
  return hasMark || basename(folder).includes(temporary) || names.some((name) => name.includes(temporary));
}

/**
 * Verifies that a checkpoint of orbax was committed: neither it nor an item in it still has its temporary name (or
 * `commit_success.txt` is there, where a file system cannot rename), its metadata is JSON, and nothing that matters is empty.
 * @throws RangeError
 */
export function verifyOrbax(folder: string): string {
  assertCommitted(folder);
  const metadata = join(folder, metadataFile);
  if (existsSync(metadata)) assertJson(metadata);
  for (const name of listNames(folder)) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) {
      assertCommitted(path);
      for (const inner of listNames(path)) assertNotEmpty(join(path, inner), inner);
    } else assertNotEmpty(path, name);
  }
  return 'commit markers and metadata';
}

function assertCommitted(folder: string): void {
  if (basename(folder).includes(temporary) && !existsSync(join(folder, commitFile)))
    throw new RangeError(`${basename(folder)} was never committed`);
}

function assertNotEmpty(path: string, name: string): void {
  if (neverEmpty.has(name) && statSync(path).size === 0) throw new RangeError(`${name} is empty`);
}

function assertJson(path: string): void {
  try {
    JSON.parse(readFileBounded(path).toString('utf8'));
  } catch (error) {
    throw new RangeError(`${basename(path)} is no JSON (${(error as Error).message})`, { cause: error });
  }
}
