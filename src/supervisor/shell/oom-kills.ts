import { closeSync, openSync, readFileSync, readSync } from 'node:fs';

let source: number | undefined;

/** Processes of our control group that the kernel has killed for memory so far; undefined when nobody says. cgroup v2, or v1. */
export function countOomKills(): number | undefined {
  source ??= openSource();
  return countIn(source);
}

const none = -1;

/** The file that has the count, kept open: it is read at every relaunch. */
function openSource(): number {
  const candidates = [
    `/sys/fs/cgroup${ownGroup('')}/memory.events`,
    `/sys/fs/cgroup/memory${ownGroup('memory')}/memory.oom_control`,
    '/sys/fs/cgroup/memory/memory.oom_control',
  ];
  for (const path of candidates) {
    const file = open(path);
    if (countIn(file) !== undefined) return file;
    if (file !== none) closeSync(file);
  }
  return none;
}

const scratch = Buffer.allocUnsafeSlow(4096);

function countIn(file: number): number | undefined {
  if (file === none) return undefined;
  try {
    const text = scratch.toString('latin1', 0, readSync(file, scratch, 0, scratch.length, 0));
    const count = /^oom_kill (\d+)$/m.exec(text)?.[1];
    return count === undefined ? undefined : Number(count);
  } catch {
    return undefined;
  }
}

function open(path: string): number {
  try {
    return openSync(path, 'r');
  } catch {
    return none;
  }
}

/** Our group below a controller's mount; the empty controller is that of cgroup v2. */
function ownGroup(controller: string): string {
  const line = readGroups()
    .split('\n')
    .find((entry) => entry.split(':')[1]?.split(',').includes(controller));
  const group = line?.split(':').slice(2).join(':') ?? '';
  return group === '/' ? '' : group;
}

function readGroups(): string {
  try {
    return readFileSync('/proc/self/cgroup', 'utf8');
  } catch {
    return '';
  }
}
