import { statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { listCheckpoints, type PruneRules, pruneCheckpoints } from '../../checkpoint/index.js';
import type { FailureClassName } from '../failure-classes.js';
import type { Resource } from '../state.js';
import { type GpuApp, hasGpuTool, readGpuApps, readGpus } from './gpu.js';

/** Something that the next launch lacks. */
export interface Shortage {
  readonly missing: Resource;
  readonly detail: string;
}

export interface ShortageOptions {
  readonly lastClass: FailureClassName | undefined;
  readonly checkpointDir: string;
  readonly pruneRules: PruneRules;
  /** Takes a line for the supervisor's log. */
  readonly log: (line: string) => void;
  /** The GPU that the experiment names, as the driver counts or calls it. */
  readonly gpu: string | undefined;
  /** Processes of earlier attempts: none of them may still hold GPU memory. */
  readonly formerPids: ReadonlySet<number>;
}

const leastRoomBytes = 64 * 1024 * 1024;

/** What is missing: room on the disk after a full one, a GPU that answers, and GPU memory that earlier attempts still hold. */
export async function findShortage(options: ShortageOptions): Promise<Shortage | undefined> {
  const { lastClass, formerPids } = options;
  if (lastClass === 'disk-full') return findDiskShortage(options);
  if (formerPids.size === 0 || !hasGpuTool()) return undefined;
  return isAboutGpu(lastClass) ? findGpuShortage(options) : findHeldMemory(await readGpuApps(), formerPids);
}

/** Failures after which it is asked for the GPUs themselves, too. */
function isAboutGpu(lastClass: FailureClassName | undefined): boolean {
  return lastClass === 'gpu-lost' || lastClass === 'gpu-busy';
}

/** Room for one more checkpoint of the size of the newest, twice over: the old one stays until the new one is committed. */
function findDiskShortage({ checkpointDir, pruneRules, log }: ShortageOptions): Shortage | undefined {
  const needed = Math.max(leastRoomBytes, 2 * newestSize(checkpointDir));
  if (freeBytes(checkpointDir) >= needed) return undefined;
  const pruned = pruneCheckpoints(checkpointDir, pruneRules);
  if (pruned.length > 0) log(`the disk is full: removed ${pruned.join(', ')}; the newest and the best checkpoint stay`);
  const free = freeBytes(checkpointDir);
  if (free >= needed) return undefined;
  const detail = `room on the disk: ${inMiB(free)} free in ${checkpointDir}, ${inMiB(needed)} wanted`;
  return { missing: 'disk', detail };
}

/** Whether the disk of a directory has next to no room left; false when that cannot be told. */
export function isDiskFull(directory: string): boolean {
  try {
    return freeBytes(directory) < leastRoomBytes;
  } catch {
    return false;
  }
}

function freeBytes(directory: string): number {
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize;
}

function newestSize(directory: string): number {
  const newest = listCheckpoints(directory).at(-1)?.name;
  if (newest === undefined) return 0;
  try {
    return statSync(join(directory, `${newest}.data-00000-of-00001`)).size;
  } catch {
    return 0;
  }
}

async function findGpuShortage({ gpu, formerPids, lastClass }: ShortageOptions): Promise<Shortage | undefined> {
  const [gpus, apps] = await Promise.all([readGpus(), readGpuApps()]);
  const wanted = gpu?.split(',').map((name) => name.trim());
  const ours = gpus.filter(
    ({ index, uuid }) => wanted === undefined || wanted.includes(index) || wanted.includes(uuid),
  );
  if (ours.length === 0 && lastClass === 'gpu-lost')
    return { missing: 'gpu', detail: `a GPU: ${gpu ?? 'none'} answers to nvidia-smi` };
  const held = findHeldMemory(apps, formerPids);
  if (held !== undefined || lastClass !== 'gpu-busy') return held;
  const other = apps.find(({ uuid }) => ours.some((device) => device.uuid === uuid));
  return other && { missing: 'gpu', detail: `the GPU: process ${other.pid} uses it (${other.memory} MiB)` };
}

function findHeldMemory(apps: readonly GpuApp[], formerPids: ReadonlySet<number>): Shortage | undefined {
  const former = apps.find(({ pid }) => formerPids.has(pid));
  if (former === undefined) return undefined;
  const detail = `GPU memory: ${former.memory} MiB are still held by process ${former.pid} of an earlier attempt`;
  return { missing: 'gpu', detail };
}

function inMiB(bytes: number): string {
  return `${Math.floor(bytes / 1024 / 1024)} MiB`;
}
