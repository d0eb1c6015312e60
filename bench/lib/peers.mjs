// Gets the peers, into a folder outside the repository, and says which cannot be had.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Folder of the peers from npm; installed once, used again. */
export const peersFolder = process.env.SUPERVISE_BENCH_PEERS ?? join(tmpdir(), 'supervise-bench-peers');

/** `{ pm2: { version, path }, supervisord: { reason } … }`: what there is, or why not. */
export function findPeers({ install }) {
  return {
    pm2: fromNpm('pm2', 'bin/pm2', install),
    forever: fromNpm('forever', 'bin/forever', install),
    supervisord: fromDebian('supervisor', 'supervisord', install),
    runit: fromDebian('runit', 'runsv', install),
    s6: fromDebian('s6', 's6-supervise', install),
    bash: fromDebian('bash', 'bash', install),
  };
}

function fromNpm(name, bin, install) {
  const folder = join(peersFolder, 'node_modules', name);
  if (!existsSync(folder) && install) {
    mkdirSync(peersFolder, { recursive: true });
    if (!existsSync(join(peersFolder, 'package.json')))
      writeFileSync(join(peersFolder, 'package.json'), '{"private": true}\n');
    spawnSync('npm', ['install', '--no-fund', '--no-audit', '--loglevel=error', name], {
      cwd: peersFolder,
      stdio: ['ignore', 'inherit', 'inherit'],
    });
  }
  if (!existsSync(folder)) return { reason: `npm package ${name} is not installed in ${peersFolder}` };
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return { version, path: join(folder, bin) };
}

function fromDebian(name, program, install) {
  if (pathOf(program) === undefined && install && process.getuid?.() === 0)
    spawnSync('apt-get', ['install', '-y', '--no-install-recommends', name], { stdio: 'ignore' });
  const path = pathOf(program);
  if (path === undefined) return { reason: `Debian package ${name} is not installed (needs root)` };
  return { version: versionOfPackage(name), path };
}

function pathOf(program) {
  const { status, stdout } = spawnSync('sh', ['-c', 'command -v "$0"', program], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}

function versionOfPackage(name) {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a field of dpkg-query's own format
  const { status, stdout } = spawnSync('dpkg-query', ['-W', '-f', '${Version}', name], { encoding: 'utf8' });
  return status === 0 ? stdout.replace(/^\d+:/, '').replace(/[-+].*$/, '') : 'unknown';
}
