// Makes a fresh clone ready: installs the locked dependencies when they are missing or out of date, and builds when the
// sources are newer than the build. Does nothing, in a few milliseconds, when both are in order.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const lockfile = join(root, 'package-lock.json');
const installed = join(root, 'node_modules', '.package-lock.json');
const built = join(root, 'dist', 'cli', 'main.js');

const mtime = (path) => (existsSync(path) ? statSync(path).mtimeMs : 0);

function newestIn(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((newest, entry) => Math.max(newest, mtime(join(entry.parentPath, entry.name))), 0);
}

function run(command, args, options = {}) {
  const result = spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options });
  if (result.error) throw result.error;
  if (result.status !== 0) process.exit(result.status ?? 1);
}

if (mtime(installed) < mtime(lockfile)) {
  console.log('Installing dependencies …');
  run('npm', ['ci', '--no-fund', '--no-audit', '--loglevel=error'], { shell: process.platform === 'win32' });
}
if (mtime(built) < Math.max(newestIn(join(root, 'src')), mtime(join(root, 'tsconfig.json')))) {
  console.log('Building …');
  run(process.execPath, ['scripts/build.mjs']);
}
