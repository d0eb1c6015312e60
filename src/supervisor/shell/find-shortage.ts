import { statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { listCheckpoints, type PruneRules, pruneCheckpoints } from '../../checkpoint/index.js';
import type { FailureClassName } from '../failure-classes.js';
import type { Resource } from '../state.js';
import { hasGpuTool, readGpuApps, readGpus } from './gpu.js';
import type { HeldMemory } from './held-memory.js';

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
  readonly heldMemory: HeldMemory;
}

const leastRoomBytes = 64 * 1024 * 1024;

/** What is missing: room on the disk after a full one, a GPU that answers, and GPU memory that earlier attempts still hold. */
export async function findShortage(options: ShortageOptions): Promise<Shortage | undefined> {
  const { lastClass, heldMemory } = options;
  const room = lastClass === 'disk-full' ? findDiskShortage(options) : undefined;
  if (room !== undefined) return room;
  const asked = lastClass === 'gpu-lost' || lastClass === 'gpu-busy' ? findGpuShortage(options) : undefined;
  const held = await heldMemory.findBefore(lastClass);
  const shortage = await asked;
  return held === undefined ? shortage : { missing: 'gpu', detail: held };
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

/** After a lost GPU one has to answer; after a busy one nobody else may be using it. */
async function findGpuShortage({ gpu, lastClass }: ShortageOptions): Promise<Shortage | undefined> {
  if (!hasGpuTool()) return undefined;
  const [gpus, apps] = await Promise.all([readGpus(), lastClass === 'gpu-busy' ? readGpuApps() : []]);
  const wanted = gpu?.split(',').map((name) => name.trim());
  const ours = gpus.filter(
    ({ index, uuid }) => wanted === undefined || wanted.includes(index) || wanted.includes(uuid),
  );
  if (ours.length === 0 && lastClass === 'gpu-lost')
    return { missing: 'gpu', detail: `a GPU: ${gpu ?? 'none'} answers to nvidia-smi` };
  const other = apps.find(({ uuid }) => ours.some((device) => device.uuid === uuid));
  return other && { missing: 'gpu', detail: `the GPU: process ${other.pid} uses it (${other.memory} MiB)` };
}

function inMiB(bytes: number): string {
  return `${Math.floor(bytes / 1024 / 1024)} MiB`;
}
