import { existsSync, lstatSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { NativeHome } from './native-home.js';

/**
 * Makes the optional backends use the trainer's own copy of tfjs-core: a second one would double the time to load it, and keep
 * a registry of its own. npm puts its copy back with every install, so this is called after each.
 */
export function shareCore({ folder }: NativeHome): void {
  const own = dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-core/package.json'));
  const theirs = join(folder, 'node_modules/@tensorflow/tfjs-core');
  if (!existsSync(dirname(theirs)) || (existsSync(theirs) && lstatSync(theirs).isSymbolicLink())) return;
  rmSync(theirs, { recursive: true, force: true });
  symlinkSync(own, theirs, 'junction');
}
