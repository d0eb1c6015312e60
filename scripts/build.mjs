// Compiles src/ into dist/, and bundles `supervise` into dist/bundle/, because hundreds of small modules take several times as
// long to load as one file. `npm ci` runs it through "prepare", so it has to work wherever the dependencies are.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

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
  const { rolldown } = await import('rolldown');
  const bundled = await rolldown({
    input: { supervise: `${root}/dist/cli/main.js` },
    platform: 'node',
    // Native code stays where it is.
    external: ['@node-rs/crc32'],
    resolve: { mainFields: ['module', 'main'] },
  });
  const { output } = await bundled.write({
    dir: folder,
    format: 'esm',
    chunkFileNames: '[name].js',
    // A resident process keeps its sources: without comments and indentation they are half as long.
    comments: false,
    minify: { compress: false, mangle: false, codegen: { removeWhitespace: true } },
  });
  for (const { fileName } of output) keepLatin(join(folder, fileName));
}

/** One character beyond Latin-1 makes a source take two bytes for every character, for as long as the process lives. */
function keepLatin(path) {
  const source = readFileSync(path, 'utf8');
  const toEscape = (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  // By code unit: in a source, a pair of surrogates may be written as two escapes.
  writeFileSync(path, source.replaceAll(/[\u0080-\uffff]/g, toEscape));
}
