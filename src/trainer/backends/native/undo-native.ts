import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type NativeHome, nativeHome } from './native-home.js';

/** Removes all that was built and installed for optional backends; returns whether there was anything. */
export function undoNative(home: NativeHome = nativeHome()): boolean {
  if (!existsSync(join(home.folder, 'package.json'))) return false;
  // Only what is ours: the folder may have been named by the user, and hold more.
  for (const name of ['node_modules', 'package.json', 'package-lock.json', 'record.json'])
    rmSync(join(home.folder, name), { recursive: true, force: true });
  return true;
}
