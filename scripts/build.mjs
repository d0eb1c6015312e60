// Compiles src/ into dist/, and bundles `supervise` and the trainer into dist/bundle/, because hundreds of small modules take
// several times as long to load as one file. `npm ci` runs it through "prepare", so it has to work wherever the dependencies are.
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleTrainer } from './bundle-trainer.mjs';
import { pinoWithoutThreads } from './pino-without-threads.mjs';
import { writeBundle } from './write-bundle.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const compiler = fileURLToPath(new URL('../node_modules/typescript/bin/tsc', import.meta.url));

if (!existsSync(compiler)) {
  console.error('build: the TypeScript compiler is not installed; run `npm ci` (without --omit=dev) first.');
  process.exit(1);
}
rmSync(`${root}/dist`, { recursive: true, force: true });
const result = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.json'], { cwd: root, stdio: 'inherit' });
if (result.status !== 0) process.exit(result.status ?? 1);
await bundle();
await bundleTrainer();

async function bundle() {
  await writeBundle('dist/cli/main.js', {
    name: 'supervise',
    format: 'esm',
    plugins: [pinoWithoutThreads],
    chunkFileNames: '[name].js',
    // Apart from the schema, with which rolldown would put it.
    codeSplitting: {
      groups: [
        {
          name: 'resolved-config',
          test: /[\\/]dist[\\/]config[\\/](resolve-run|retention-rules|remote-settings)\.js$/,
        },
      ],
    },
  });
  // A module of the older kind starts sooner, and this one is waited for.
  await writeBundle('dist/cli/prepare-process.js', {
    name: 'prepare-process',
    format: 'cjs',
    plugins: [pinoWithoutThreads],
    entryFileNames: '[name].cjs',
    codeSplitting: false,
  });
  spawnSync(process.execPath, [join(root, 'scripts/compile-prepare.cjs')], { stdio: 'ignore' });
}
