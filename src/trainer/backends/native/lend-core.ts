import type NodeModule from 'node:module';
import { createRequire } from 'node:module';
import * as core from '@tensorflow/tfjs-core';

/**
 * Gives packages that ask for tfjs-core our own copy of it, which may be a part of a bundle: a second one takes its time to
 * load. `require` is that of whoever asks, and `name` what it calls it by.
 */
export function lendCore(require: NodeJS.Require, name = '@tensorflow/tfjs-core'): void {
  const path = find(require, name);
  if (path === undefined || require.cache[path] !== undefined) return;
  const Module = createRequire(import.meta.url)('node:module') as typeof NodeModule;
  const lent = new Module(path);
  // As CommonJS sees it: the namespace of an import may be a copy without what a package adds later.
  lent.exports = 'default' in core ? core.default : core;
  lent.loaded = true;
  require.cache[path] = lent;
}

/** Where nobody finds it, nobody asks for it. */
function find(require: NodeJS.Require, name: string): string | undefined {
  try {
    return require.resolve(name);
  } catch {
    return undefined;
  }
}
