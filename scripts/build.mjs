// Compiles src/ into dist/, and bundles `supervise` into dist/bundle/, because hundreds of small modules take several times as
// long to load as one file. `npm ci` runs it through "prepare", so it has to work wherever the dependencies are.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pinoWithoutThreads } from './pino-without-threads.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, 'dist/bundle');
const compiler = fileURLToPath(new URL('../node_modules/typescript/bin/tsc', import.meta.url));

if (!existsSync(compiler)) {
  console.error('build: the TypeScript compiler is not installed; run `npm ci` (without --omit=dev) first.');
  process.exit(1);
}
rmSync(`${root}/dist`, { recursive: true, force: true });
const result = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.json'], { cwd: root, stdio: 'inherit' });
if (result.status !== 0) process.exit(result.status ?? 1);
await bundle();

async function bundle() {
  const resident = await write('dist/cli/main.js', {
    name: 'supervise',
    format: 'esm',
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
  for (const { fileName } of resident) keepLatin(join(folder, fileName));
  // A module of the older kind starts sooner, and this one is waited for.
  const prepare = await write('dist/cli/prepare-process.js', {
    name: 'prepare-process',
    format: 'cjs',
    entryFileNames: '[name].cjs',
    codeSplitting: false,
  });
  for (const { fileName } of prepare) keepLatin(join(folder, fileName));
  spawnSync(process.execPath, [join(root, 'scripts/compile-prepare.cjs')], { stdio: 'ignore' });
}

async function write(path, { name, ...options }) {
  const { rolldown } = await import('rolldown');
  const bundled = await rolldown({
    input: { [name]: join(root, path) },
    platform: 'node',
    // Native code stays where it is.
    external: ['@node-rs/crc32'],
    plugins: [pinoWithoutThreads],
    resolve: { mainFields: ['module', 'main'] },
    // Who imports one thing from a folder's index does not load the rest of the folder: the resident process does without zod.
    treeshake: { moduleSideEffects: [{ test: /[\\/]dist[\\/]\w+[\\/]index\.js$/, sideEffects: false }] },
  });
  const { output } = await bundled.write({
    dir: folder,
    // A resident process keeps its sources: without comments and indentation they are half as long.
    comments: false,
    minify: { compress: false, mangle: false, codegen: { removeWhitespace: true } },
    ...options,
  });
  return output;
}

/** One character beyond Latin-1 makes a source take two bytes for every character, for as long as the process lives. */
function keepLatin(path) {
  const source = readFileSync(path, 'utf8');
  const toEscape = (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  // By code unit: in a source, a pair of surrogates may be written as two escapes.
  writeFileSync(path, source.replaceAll(/[\u0080-\uffff]/g, toEscape));
}
