import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Where the package is, if not the repository. */
  readonly root?: string;
}

/** The repository, with a build in dist/. */
export const repository = fileURLToPath(new URL('../../', import.meta.url));

/** Runs bin/supervise.js as a process, to its end. */
export const supervise = (args: readonly string[], options: RunOptions = {}) => run('supervise.js', args, options);

/** Runs bin/train.js as a process, to its end. */
export const train = (args: readonly string[], options: RunOptions = {}) => run('train.js', args, options);

function run(
  script: string,
  args: readonly string[],
  { cwd = repository, env = {}, root = repository }: RunOptions,
): Promise<Finished> {
  const environment = { PATH: process.env['PATH'], ...env };
  const command = [join(root, 'bin', script), ...args];
  return new Promise((resolve) => {
    execFile(process.execPath, command, { cwd, env: environment, timeout: 250_000 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      resolve({ code, stdout, stderr });
    });
  });
}

/** A fresh folder with these files in it; gone when the test is. */
export function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'supervise-cli-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

/** Everything below a folder, sorted. */
export const listAll = (folder: string) => readdirSync(folder, { recursive: true }).map(String).sort();
