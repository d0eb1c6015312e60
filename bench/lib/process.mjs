// Looking at processes, and ending those that we started.
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Monotonic nanoseconds, on the clock that the child stamps with. */
export const now = () => process.hrtime.bigint();

/** Milliseconds between two monotonic times. */
export const millisBetween = (from, to) => Number(to - from) / 1e6;

/** The stamps that a child has written so far: `[{ at, pid }]`. */
export function readStamps(path) {
  const lines = readText(path)?.split('\n').slice(0, -1) ?? [];
  return lines.map((line) => {
    const [at, pid] = line.split(' ');
    return { at: BigInt(at), pid: Number(pid) };
  });
}

/** Waits until the child has written `count` stamps; looks rarely, so as not to disturb what is measured. */
export async function waitForStamps(path, count, timeoutMs = 15_000) {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const stamps = readStamps(path);
    if (stamps.length >= count) return stamps;
    if (performance.now() > deadline) throw new Error(`${path}: ${stamps.length} of ${count} stamps in time`);
    await sleep(25);
  }
}

/** Ends a process that we started and waits until it is gone: SIGTERM, a grace, SIGKILL. */
export async function endProcess(pid, graceMs = 3000) {
  signal(pid, 'SIGTERM');
  const deadline = performance.now() + graceMs;
  while (isAlive(pid) && performance.now() < deadline) await sleep(20);
  signal(pid, 'SIGKILL');
}

/** Ends all supervisors, whatever becomes of one of them. */
export async function endAll(handles) {
  for (const handle of handles) await handle.end().catch((error) => console.error(error));
}

export function signal(pid, name) {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

export function isAlive(pid) {
  const stat = readText(`/proc/${pid}/stat`);
  return stat !== undefined && !/\) [ZX] /.test(stat);
}

/** The children of a process, and theirs, without the processes below `leaf` pids. */
export function descendants(pid, exclude = new Set()) {
  const byParent = new Map();
  for (const name of readdirSync('/proc')) {
    const stat = /^\d+$/.test(name) ? readText(`/proc/${name}/stat`) : undefined;
    if (stat === undefined) continue;
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    byParent.set(parent, [...(byParent.get(parent) ?? []), Number(name)]);
  }
  const below = (parent) =>
    (byParent.get(parent) ?? []).filter((child) => !exclude.has(child)).flatMap((child) => [child, ...below(child)]);
  return below(pid);
}

/** Resident memory of a process in bytes, now. */
export function residentBytes(pid) {
  const kib = readText(`/proc/${pid}/status`)?.match(/^VmRSS:\s+(\d+) kB$/m)?.[1];
  return kib === undefined ? 0 : Number(kib) * 1024;
}

/** CPU time of a process and its threads in nanoseconds so far. */
export function cpuNanos(pid) {
  let total = 0n;
  try {
    for (const task of readdirSync(`/proc/${pid}/task`)) {
      total += BigInt(readText(`/proc/${pid}/task/${task}/schedstat`)?.split(' ')[0] ?? '0');
    }
  } catch {
    // It has ended.
  }
  return total;
}

function readText(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
