import { existsSync } from 'node:fs';
import { dirname } from 'node:path';

/** The path itself, or the nearest folder above it that exists. */
export function nearestFolder(path: string): string {
  let folder = path;
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder);
  return folder;
}
