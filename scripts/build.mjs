// Compiles src/ into dist/, and bundles `supervise` and the trainer into dist/bundle/, because hundreds of small modules take
// several times as long to load as one file. `npm ci` runs it through "prepare", so it has to work wherever the dependencies are.
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bundleSupervisor } from './bundle-supervisor.mjs';
import { bundleTrainer } from './bundle-trainer.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const compiler = fileURLToPath(new URL('../node_modules/typescript/bin/tsc', import.meta.url));

if (!existsSync(compiler)) {
  console.error('build: the TypeScript compiler is not installed; run `npm ci` (without --omit=dev) first.');
  process.exit(1);
}
rmSync(`${root}/dist`, { recursive: true, force: true });
const result = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.json'], { cwd: root, stdio: 'inherit' });
if (result.status !== 0) process.exit(result.status ?? 1);
await bundleSupervisor();
await bundleTrainer();
