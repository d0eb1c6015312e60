// Bundles one module of dist/ and what it imports into dist/bundle/.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Where bundles go. */
export const folder = join(root, 'dist/bundle');

/** Bundles the module at `path` in rolldown's output options; returns what it wrote. */
export async function writeBundle(path, { name, plugins, ...options }) {
  const { rolldown } = await import('rolldown');
  const bundled = await rolldown({
    input: { [name]: join(root, path) },
    platform: 'node',
    // Native code stays where it is; tfjs-core asks for node-fetch when it loads from the network, which we never do.
    external: ['@node-rs/crc32', 'node-fetch'],
    plugins,
    // Chunks are divided by who loads them, which the build knows better than a warning does.
    checks: { ineffectiveDynamicImport: false },
    preserveEntrySignatures: 'allow-extension',
    resolve: { mainFields: ['module', 'main'] },
    // Who imports one thing from a folder's index does not load the rest of the folder: the resident process does without zod.
    treeshake: { moduleSideEffects: [{ test: /[\\/]dist[\\/]\w+[\\/]index\.js$/, sideEffects: false }] },
    onLog: (level, log, report) => {
      // Of yargs, for configurations that extend a package: ours do not.
      if (log.code !== 'EMPTY_IMPORT_META') report(level, log);
    },
  });
  const { output } = await bundled.write({
    dir: folder,
    // A resident process keeps its sources: without comments and indentation they are half as long.
    comments: false,
    minify: { compress: false, mangle: false, codegen: { removeWhitespace: true } },
    ...options,
  });
  for (const { fileName } of output) keepLatin(join(folder, fileName));
  return output;
}

/** One character beyond Latin-1 makes a source take two bytes for every character, for as long as the process lives. */
function keepLatin(path) {
  const source = readFileSync(path, 'utf8');
  const toEscape = (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  // By code unit: in a source, a pair of surrogates may be written as two escapes.
  writeFileSync(path, source.replaceAll(/[\u0080-\uffff]/g, toEscape));
}
