import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nativeError } from './native-error.js';
import type { NativeHome } from './native-home.js';
import { runProgram } from './run-program.js';

const timeoutMs = 900_000;

/**
 * Installs packages into the home of the optional backends, without running their install scripts, and keeps what is there.
 * @throws NATIVE_BUILD with what npm says
 */
export async function installPackages({ folder }: NativeHome, packages: readonly string[]): Promise<void> {
  writeManifest(folder);
  await runNpm(folder, ['install', '--ignore-scripts', '--save-exact', ...packages]);
}

/** Removes packages from there. */
export async function removePackages({ folder }: NativeHome, packages: readonly string[]): Promise<void> {
  if (existsSync(join(folder, 'package.json'))) await runNpm(folder, ['uninstall', '--ignore-scripts', ...packages]);
}

/** Makes the folder a project of its own, so that npm does not take a folder above it for one. */
function writeManifest(folder: string): void {
  const manifest = join(folder, 'package.json');
  if (existsSync(manifest)) return;
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(manifest, `${JSON.stringify({ private: true, description: 'Optional backends of supervise' })}\n`);
  } catch (error) {
    throw nativeError(
      `${folder} cannot be written (${(error as Error).message})`,
      'run it as the owner of that folder, or name another one with SUPERVISE_NATIVE_DIR (now, and when training)',
      error,
    );
  }
}

async function runNpm(folder: string, args: readonly string[]): Promise<void> {
  const quiet = ['--no-fund', '--no-audit', '--loglevel=error'];
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const { isFound, code, stderr } = await runProgram(npm, [...args, ...quiet], { cwd: folder, timeoutMs });
  if (!isFound) throw nativeError('there is no npm on the path', 'install npm; it comes with Node');
  if (code !== 0) throw nativeError(`npm ${args[0]} fails: ${npmError(stderr)}`, 'check the network and the registry');
}

function npmError(stderr: string): string {
  const lines = stderr.split('\n').map((line) => line.replace(/^npm (error|ERR!)\s*/, '').trim());
  return lines
    .filter((line) => line !== '' && !line.startsWith('code '))
    .slice(0, 2)
    .join(' ');
}
