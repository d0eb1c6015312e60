import { statSync } from 'node:fs';

/** Whether a path leads to a file; what cannot be looked at is none. */
export function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
