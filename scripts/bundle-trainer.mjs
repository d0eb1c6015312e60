// The trainer and its threads as one file each, and the compiled code of the trainer: hundreds of modules take longer to load
// than the first step does.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { schemaAsData } from './schema-as-data.mjs';
import { folder, writeBundle } from './write-bundle.mjs';

const require = createRequire(import.meta.url);
const core = '@tensorflow/tfjs-core';

/** Threads, by the names of the modules that the trainer starts them by. */
const threads = {
  'data-worker': 'dist/trainer/data',
  'checkpoint-worker': 'dist/trainer/loop',
  'heartbeat-worker': 'dist/trainer/loop',
};

/** Bundles dist/cli/train.js and the threads, and compiles what a training needs. */
export async function bundleTrainer() {
  await write('train', 'dist/cli');
  for (const [name, path] of Object.entries(threads)) {
    await write(name, path);
    const lines = ["import compiled from '../../bin/compiled.cjs';", `compiled.loadCompiled('${name}');`, ''];
    writeFileSync(join(folder, `${name}.js`), lines.join('\n'));
  }
  // It writes files of a data set for minutes: nobody waits for its start.
  writeFileSync(join(folder, 'shard-worker.js'), "import '../trainer/handwriting/shard-worker.js';\n");
  const compile = fileURLToPath(new URL('compile-trainer.cjs', import.meta.url));
  const { status } = spawnSync(process.execPath, [compile], { stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) console.error('build: the trainer works, but starts slower: it could not be compiled ahead.');
}

function write(name, path) {
  return writeBundle(`${path}/${name}.js`, {
    name,
    format: 'cjs',
    entryFileNames: '[name].cjs',
    codeSplitting: false,
    // Stack traces point into it.
    minify: false,
    plugins: [tfjsAsNodeLoadsIt, schemaAsData],
  });
}

/**
 * tfjs from the files that Node would load: the wasm backend's threads get the text of its functions, and packages that are not
 * bundled extend its classes as functions. Its many names are taken from tfjs-core once, not by each module that imports some.
 */
const tfjsAsNodeLoadsIt = {
  name: 'tfjs-as-node-loads-it',
  resolveId: (name, importer) => {
    if (!name.startsWith('@tensorflow/')) return null;
    const isOurs = !/[\\/]node_modules[\\/]/.test(importer ?? '');
    return name === core && isOurs ? `\0${core}` : require.resolve(name);
  },
  load: (id) => {
    if (id !== `\0${core}`) return null;
    const names = Object.keys(require(core)).filter((name) => name !== 'default');
    const path = JSON.stringify(require.resolve(core));
    return `import core from ${path};\nexport default core;\nexport const { ${names.join(', ')} } = core;\n`;
  },
};
