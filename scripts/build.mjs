// Compiles src/ into dist/. `npm ci` runs it through "prepare", so it has to work wherever the dependencies are.
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const compiler = fileURLToPath(new URL('../node_modules/typescript/bin/tsc', import.meta.url));

if (!existsSync(compiler)) {
  console.error('build: the TypeScript compiler is not installed; run `npm ci` (without --omit=dev) first.');
  process.exit(1);
}
rmSync(`${root}/dist`, { recursive: true, force: true });
const result = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.json'], { cwd: root, stdio: 'inherit' });
process.exit(result.status ?? 1);
