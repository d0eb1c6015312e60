import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { fsyncDirectory } from '../protocol/index.js';
import { listNames } from './list-checkpoints.js';

/** Folder inside a checkpoint directory that keeps what a fresh start found there. */
export const previousFolder = 'previous';

/**
 * Moves everything in a checkpoint directory into `previous/0001` (the next free number), so that a fresh start destroys
 * nothing. Returns that folder, or undefined when there was nothing to move. `epoch_info.json` goes first: a crash on the
 * way leaves nothing that looks like progress of the new run.
 */
export function setAside(directory: string): string | undefined {
  const names = listNames(directory).filter((name) => !isKept(name));
  if (names.length === 0) return undefined;
  const target = nextFolder(join(directory, previousFolder));
  mkdirSync(target, { recursive: true });
  const first = (name: string) => (name === 'epoch_info.json' ? 0 : name === 'checkpoint' ? 1 : 2);
  for (const name of names.sort((left, right) => first(left) - first(right)))
    renameSync(join(directory, name), join(target, name));
  fsyncDirectory(directory);
  return target;
}

/** What is no part of a run's state: earlier runs, damaged checkpoints, and the lock of whoever is at work here. */
function isKept(name: string): boolean {
  return (
    name === previousFolder ||
    name === 'quarantine' ||
    name.startsWith('.lock') ||
    name === '.upload' ||
    name === '.restore'
  );
}

/** The next free numbered folder below `parent`. */
export function nextFolder(parent: string): string {
  for (let number = 1; ; number++) {
    const folder = join(parent, String(number).padStart(4, '0'));
    if (!existsSync(folder)) return folder;
  }
}
