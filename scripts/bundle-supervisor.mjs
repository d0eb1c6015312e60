// `supervise` in a few files, and the process that loads an experiment for it as one, with its compiled code.
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { lazyBuiltins } from './lazy-builtins.mjs';
import { pinoWithoutThreads } from './pino-without-threads.mjs';
import { schemaAsData } from './schema-as-data.mjs';
import { folder, writeBundle } from './write-bundle.mjs';

const plugins = [pinoWithoutThreads, schemaAsData];

/** Bundles dist/cli/main.js and dist/cli/prepare-process.js. */
export async function bundleSupervisor() {
  await bundleMain();
  await bundlePrepare();
}

/** Apart from the schema, with which rolldown would put it. */
const resolvedConfig = {
  name: 'resolved-config',
  test: /[\\/]dist[\\/]config[\\/](resolve-run|retention-rules|remote-settings)\.js$/,
};

/** Twice: the first time tells what a run is supervised with. */
async function bundleMain() {
  const write = (codeSplitting) =>
    writeBundle('dist/cli/main.js', {
      name: 'supervise',
      format: 'esm',
      plugins,
      chunkFileNames: '[name].js',
      codeSplitting,
    });
  const supervising = listSupervising(await write({ groups: [resolvedConfig] }));
  rmSync(folder, { recursive: true });
  await write({
    includeDependenciesRecursively: false,
    groups: [{ name: 'supervising', test: (id) => supervising.has(id) }, resolvedConfig],
  });
}

/**
 * The modules that a run is supervised with, besides those that every command loads: as one chunk they load sooner than as the
 * many into which what other commands share with them would divide them.
 */
function listSupervising(chunks) {
  const byFile = new Map(chunks.map((chunk) => [chunk.fileName, chunk]));
  const close = (fileNames, seen = new Set()) => {
    for (const fileName of fileNames) {
      if (seen.has(fileName) || !byFile.has(fileName)) continue;
      seen.add(fileName);
      close(byFile.get(fileName).imports, seen);
    }
    return seen;
  };
  const entries = ['run-experiment.js', 'supervisor.js', 'terminal.js'];
  for (const entry of entries)
    if (!byFile.has(entry)) throw new Error(`the bundle has no ${entry}, which it is divided by`);
  const always = close(['supervise.js']);
  const files = [...close(entries)].filter((fileName) => !always.has(fileName));
  return new Set(files.flatMap((fileName) => byFile.get(fileName).moduleIds));
}

/** A module of the older kind starts sooner, and this one is waited for. */
async function bundlePrepare() {
  await writeBundle('dist/cli/prepare-process.js', {
    name: 'prepare-process',
    format: 'cjs',
    plugins,
    entryFileNames: '[name].cjs',
    codeSplitting: false,
  });
  const path = join(folder, 'prepare-process.cjs');
  const rarelyUsed = ['crypto', 'fs/promises', 'timers/promises', 'child_process'];
  writeFileSync(path, lazyBuiltins(readFileSync(path, 'utf8'), rarelyUsed));
  const compile = fileURLToPath(new URL('compile-prepare.cjs', import.meta.url));
  spawnSync(process.execPath, [compile], { stdio: 'ignore' });
}
