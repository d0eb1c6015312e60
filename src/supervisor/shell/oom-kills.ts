import { readFileSync } from 'node:fs';

let source: string | undefined;

/** Processes of our control group that the kernel has killed for memory so far; undefined when nobody says. cgroup v2, or v1. */
export function countOomKills(): number | undefined {
  source ??= findSource();
  return countIn(source);
}

/** The file that has the count; empty when there is none. */
function findSource(): string {
  const candidates = [
    `/sys/fs/cgroup${ownGroup('')}/memory.events`,
    `/sys/fs/cgroup/memory${ownGroup('memory')}/memory.oom_control`,
    '/sys/fs/cgroup/memory/memory.oom_control',
  ];
  return candidates.find((path) => countIn(path) !== undefined) ?? '';
}

function countIn(path: string): number | undefined {
  const count = path === '' ? undefined : read(path)?.match(/^oom_kill (\d+)$/m)?.[1];
  return count === undefined ? undefined : Number(count);
}

/** Our group below a controller's mount; the empty controller is that of cgroup v2. */
function ownGroup(controller: string): string {
  const line = read('/proc/self/cgroup')
    ?.split('\n')
    .find((entry) => entry.split(':')[1]?.split(',').includes(controller));
  const group = line?.split(':').slice(2).join(':') ?? '';
  return group === '/' ? '' : group;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
