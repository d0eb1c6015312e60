// From the command line of `supervise-train` to the end of its first step, with the data already made.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

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
  const startedAtMs = performance.now();
  const args = ['--config', join(root, 'configs/quickstart.json'), '--run_dir', folder, '--backend', backend];
  const options = { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, SUPERVISE_HEARTBEAT: '' } };
  const child = spawn(process.execPath, [join(root, 'bin/train.js'), ...args, '--no_restore'], options);
  for await (const line of createInterface({ input: child.stdout })) {
    if (!/step 1\//.test(line)) continue;
    const ms = performance.now() - startedAtMs;
    child.kill('SIGKILL');
    return ms;
  }
  throw new Error(`the trainer ended on ${backend} before its first step`);
}
