// How long saves keep the training waiting, each backend in a process of its own.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { allocatorSettings } from './workers.mjs';

/** One row, or none when the backend is not there. */
export async function measureStall({ root, folder, megabytes, backend, rounds }) {
  const script = join(root, 'bench/checkpoint/stall.mjs');
  process.stderr.write(`${megabytes} MB: stall on ${backend}\n`);
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [script, String(megabytes), backend, String(rounds), folder],
    { encoding: 'utf8', env: { ...process.env, ...(await allocatorSettings()) } },
  );
  if (status === 0) return [{ megabytes, ...JSON.parse(stdout.trim().split('\n').at(-1)) }];
  const reason = stderr.split('\n').find((line) => /Error:/.test(line)) ?? stderr.trim();
  console.error(`skipped: stall on ${backend}: ${reason}`);
  return [];
}
