// From the command line of `supervise-train` to the end of its first step, with the data already made.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds of each of `rounds` starts of the quickstart on each of these backends, in turns. */
export async function measureStarts(root, backends, rounds) {
  const folder = mkdtempSync(join(tmpdir(), 'bench-start-'));
  const samples = Object.fromEntries(backends.map((backend) => [backend, []]));
  try {
    // The first start makes the data.
    await firstStep(root, folder, 'wasm');
    for (let round = 0; round < rounds; round++)
      for (const backend of backends) samples[backend].push(await firstStep(root, folder, backend));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return samples;
}

async function firstStep(root, folder, backend) {
  const heartbeat = join(folder, 'heartbeat.json');
  rmSync(heartbeat, { force: true });
  const startedAtMs = performance.now();
  const args = ['--config', join(root, 'configs/quickstart.json'), '--run_dir', folder, '--backend', backend];
  const env = { ...process.env, SUPERVISE_HEARTBEAT: heartbeat, SUPERVISE_ATTEMPT: '1' };
  const child = spawn(process.execPath, [join(root, 'bin/train.js'), ...args, '--no_restore'], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env,
  });
  try {
    while (!hasStepped(heartbeat)) {
      if (child.exitCode !== null) throw new Error(`the trainer ended on ${backend} before its first step`);
      await sleep(2);
    }
    return performance.now() - startedAtMs;
  } finally {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    if (child.exitCode === null && child.kill('SIGKILL')) await ended;
  }
}

/** The heartbeat is replaced by rename, so it is whole whenever it is there. */
function hasStepped(path) {
  try {
    const { phase, step } = JSON.parse(readFileSync(path, 'utf8'));
    return phase === 'train' && step >= 1;
  } catch {
    return false;
  }
}
