// What the workers of Node have in common.
import { readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');

/** What the last action left is cleared away between two, as Python does it at once. */
export async function collectGarbage() {
  collect();
  // The memory of arrays is given back a little later, by another thread.
  await sleep(100);
}

/**
 * Seconds of an action, and what does not depend on the disk: its seconds of processors (user and system), the pages of memory that
 * the kernel had to find for it, and the MB by which the process was larger meanwhile than before.
 */
export async function measure(action) {
  writeFileSync('/proc/self/clear_refs', '5');
  const before = memoryMb('VmRSS');
  const used = process.resourceUsage();
  const startedAt = performance.now();
  await action();
  const seconds = (performance.now() - startedAt) / 1000;
  const { userCPUTime, systemCPUTime, minorPageFault } = process.resourceUsage();
  return {
    seconds,
    cpu_seconds: (userCPUTime + systemCPUTime - used.userCPUTime - used.systemCPUTime) / 1e6,
    page_faults: minorPageFault - used.minorPageFault,
    extra_mb: memoryMb('VmHWM') - before,
  };
}

/** Says its version, then answers each line of stdin, a path in JSON. */
export async function serve(act) {
  const answer = (content) => process.stdout.write(`${JSON.stringify(content)}\n`);
  answer({ version: process.version });
  for await (const line of createInterface({ input: process.stdin })) {
    const [path] = JSON.parse(line);
    answer(await act(path));
    await collectGarbage();
  }
  process.exit(0);
}

/** MB that processes may get without swapping. */
export function availableMemoryMb() {
  return numberIn('/proc/meminfo', 'MemAvailable') / 1000;
}

function memoryMb(field) {
  return numberIn('/proc/self/status', field) / 1000;
}

function numberIn(path, field) {
  return Number(new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync(path, 'utf8'))[1]);
}
