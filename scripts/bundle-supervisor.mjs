// `supervise` in a few files, and the process that loads an experiment for it as one, with their compiled code.
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
  // It supervises a run, for which the experiment has to be loaded.
  compile('compile-supervise.cjs');
}

/** Apart from the schema, with which rolldown would put it. */
const resolvedConfig = {
  name: 'resolved-config',
  test: /[\\/]dist[\\/]config[\\/](resolve-run|retention-rules|remote-settings)\.js$/,
};

/**
 * Twice: the first time tells what a run is supervised with. Modules of the older kind start sooner and in less memory, and their
 * compiled code can be left beside them.
 */
async function bundleMain() {
  const write = (codeSplitting) =>
    writeBundle('dist/cli/main.js', {
      name: 'supervise',
      format: 'cjs',
      plugins,
      entryFileNames: '[name].cjs',
      chunkFileNames: '[name].cjs',
      codeSplitting,
    });
  const supervising = listSupervising(await write({ groups: [resolvedConfig] }));
  rmSync(folder, { recursive: true });
  await write({
    includeDependenciesRecursively: false,
    groups: [{ name: 'supervising', test: (id) => supervising.has(id) }, resolvedConfig],
  });
  loadLater('supervising.cjs', ['module', 'timers/promises']);
}

function loadLater(fileName, rarelyUsed) {
  const path = join(folder, fileName);
  writeFileSync(path, lazyBuiltins(readFileSync(path, 'utf8'), rarelyUsed));
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
  const entries = ['run-experiment.cjs', 'supervisor.cjs', 'terminal.cjs'];
  for (const entry of entries)
    if (!byFile.has(entry)) throw new Error(`the bundle has no ${entry}, which it is divided by`);
  const always = close(['supervise.cjs']);
  const files = [...close(entries)].filter((fileName) => !always.has(fileName));
  return new Set(files.flatMap((fileName) => byFile.get(fileName).moduleIds));
}

async function bundlePrepare() {
  await writeBundle('dist/cli/prepare-process.js', {
    name: 'prepare-process',
    format: 'cjs',
    plugins,
    entryFileNames: '[name].cjs',
    codeSplitting: false,
  });
  loadLater('prepare-process.cjs', ['crypto', 'fs/promises', 'timers/promises', 'child_process']);
  compile('compile-prepare.cjs');
}

function compile(script) {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const { status } = spawnSync(process.execPath, [path], { stdio: 'ignore', timeout: 60_000 });
  if (status !== 0) console.error(`build: supervise works, but starts slower: scripts/${script} failed.`);
}
