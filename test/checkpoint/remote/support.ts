import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Folder of the package `s3rver`, an S3 server of somebody else's; `.ci/run` installs it. */
const serverFolder = resolve(
  process.env['SUPERVISE_S3RVER'] ?? resolve(import.meta.dirname, '../../../.venv/s3rver/node_modules/s3rver'),
);

/** Where that server is; undefined, and why on the console, when it is not installed. */
export function findS3Server(): string | undefined {
  const script = join(serverFolder, 'bin/s3rver.js');
  if (existsSync(script)) return script;
  console.warn('skipped: s3rver is not installed (npm install --prefix .venv/s3rver s3rver, or set SUPERVISE_S3RVER)');
  return undefined;
}

/** The server with an empty bucket `bucket`; it takes the keys S3RVER and S3RVER. */
export async function startS3Server(script: string, folder: string) {
  const port = await freePort();
  const bucket = join(folder, 'bucket');
  mkdirSync(bucket, { recursive: true });
  const args = [
    script,
    '-d',
    folder,
    '-a',
    '127.0.0.1',
    '-p',
    String(port),
    '--silent',
    '--allow-mismatched-signatures',
  ];
  const child: ChildProcess = spawn(process.execPath, args, { stdio: 'ignore' });
  const endpoint = `http://127.0.0.1:${port}`;
  for (let tries = 0; tries < 200; tries++) {
    if (await fetch(endpoint).then(always, never)) break;
    await sleep(50);
  }
  return { endpoint, bucketFolder: bucket, stop: () => child.kill('SIGKILL') };
}

const always = () => true;
const never = () => false;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle));
  const { port } = server.address() as { port: number };
  await new Promise((settle) => server.close(settle));
  return port;
}

export function makeFolder(): { folder: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'supervise-remote-'));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Writes files by their paths relative to a folder. */
export function writeFiles(folder: string, files: Readonly<Record<string, string | Uint8Array>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
}

/** Sets variables of the environment; returns what sets them back. */
export function setEnvironment(changes: Readonly<Record<string, string | undefined>>): () => void {
  const before = Object.keys(changes).map((name) => [name, process.env[name]] as const);
  const set = (name: string, value: string | undefined) => {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  };
  for (const [name, value] of Object.entries(changes)) set(name, value);
  return () => {
    for (const [name, value] of before) set(name, value);
  };
}
