import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../injectors/await.js';
import type { ChaosTarget, Victim } from '../target.js';

/** What a preloaded module can be told to do to its own process. */
export type Order =
  | { readonly action: 'exit'; readonly code: number }
  /** An endless loop in the main thread. */
  | { readonly action: 'spin' }
  /** The same, with SIGTERM ignored. */
  | { readonly action: 'defy' }
  /** NaN in an activation of the next training step (tfjs). */
  | { readonly action: 'nan' };

/** What file operations below the checkpoint directory come to. */
export type DiskOrder =
  | { readonly action: 'crash'; readonly after: number }
  | { readonly action: 'slow'; readonly addMs: number };

/** The environment variable that names the folder of orders to what is preloaded. */
export const chaosFolderVariable = 'SUPERVISE_CHAOS_DIR';

/**
 * Files of a folder of orders. A process announces itself as `present/<group>`, looks for `orders/<group>`, and takes an order
 * by renaming it to `taken/<group>`, and says so by `obeyed/<group>` when it begins: that is the proof that it happens. `<group>` is its process group, which is the trainer's pid.
 */
export function orderPaths(folder: string, group: number) {
  return {
    present: join(folder, 'present', String(group)),
    order: join(folder, 'orders', String(group)),
    obeyed: join(folder, 'obeyed', String(group)),
    /** How many launches are to end with exit code 1 at once; each takes one off. */
    crashLoop: join(folder, 'crash-loop'),
    disk: join(folder, 'disk.json'),
    diskTaken: join(folder, 'disk-taken.json'),
    /** Milliseconds that are added to the time of day. */
    clock: join(folder, 'clock'),
  };
}

/** Lays the folder out. */
export function layOrderFolder(folder: string): void {
  for (const name of ['present', 'orders', 'taken', 'obeyed']) mkdirSync(join(folder, name), { recursive: true });
}

/** Waits until the trainer's process has loaded what takes orders. @throws NotInjected when it does not */
export function awaitPreload(target: ChaosTarget, victim: Victim): Promise<boolean> {
  const { present } = orderPaths(target.folder, victim.pid);
  const what = `process ${victim.pid} to load what acts from inside (it has to be Node or Python)`;
  return until(target, what, () => existsSync(present), 15_000);
}

/** Gives an order to the trainer's process, and waits until it obeys. */
export async function giveOrder(target: ChaosTarget, victim: Victim, order: Order): Promise<void> {
  await awaitPreload(target, victim);
  const paths = orderPaths(target.folder, victim.pid);
  put(paths.order, JSON.stringify(order));
  await until(target, `process ${victim.pid} to obey the order "${order.action}"`, () => existsSync(paths.obeyed));
}

/** Lets file operations below the checkpoint directory crash or take longer. */
export function giveDiskOrder(target: ChaosTarget, order: DiskOrder): void {
  put(orderPaths(target.folder, 0).disk, JSON.stringify(order));
}

/** How many launches are still to end at once; undefined when there is no such order. */
export function readCrashLoop(target: ChaosTarget): number | undefined {
  try {
    return Number(readFileSync(orderPaths(target.folder, 0).crashLoop, 'utf8'));
  } catch {
    return undefined;
  }
}

/** Puts a file where others look for it, whole. */
export function put(path: string, content: string): void {
  writeFileSync(`${path}.new`, content);
  renameSync(`${path}.new`, path);
}
