import { spawnSync } from 'node:child_process';
import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  openSync,
  rmSync,
  statfsSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { type ChaosTarget, type Injector, NotInjected } from '../target.js';
import { findTrainer, until } from './await.js';

const tmpfsMagic = 0x0102_1994;
const lastsMs = 4000;

/** Takes all the room on the small disk of the checkpoints, for some seconds. */
export const fillDisk: Injector = async ({ checkpointDir, ...target }) => {
  const victim = await findTrainer({ ...target, checkpointDir });
  if (statfsSync(checkpointDir).type !== tmpfsMagic)
    throw new NotInjected('the checkpoint directory is on no small disk of its own (a tmpfs, which needs root)');
  const filler = join(checkpointDir, '.filler');
  const atMs = Date.now();
  const undo = () => rmSync(filler, { force: true });
  try {
    takeAllRoom(filler);
  } catch (error) {
    undo();
    throw error;
  }
  return {
    what: `the disk of ${checkpointDir} is full`,
    atMs,
    attempt: victim.attempt,
    lift: { afterMs: lastsMs, undo: async () => undo() },
  };
};

/** Makes the checkpoint directory read-only for some seconds: by a mount for root, whom modes do not stop, else by its mode. */
export const forbidWriting: Injector = async (target) => {
  const { checkpointDir } = target;
  const victim = await findTrainer(target);
  const atMs = Date.now();
  const isRoot = process.getuid?.() === 0;
  const undo = isRoot ? await mountReadOnly(target) : takeModeAway(checkpointDir);
  if (canWrite(checkpointDir)) {
    undo();
    throw new NotInjected(`${checkpointDir} can still be written`);
  }
  return {
    what: `${checkpointDir} is read-only (${isRoot ? 'mounted so' : 'by its mode'})`,
    atMs,
    attempt: victim.attempt,
    lift: { afterMs: lastsMs, undo: async () => undo() },
  };
};

/** Mounts a tmpfs of this size, for the fault of a full disk; undefined where that is not allowed. */
export function mountSmallDisk(folder: string, bytes: number): (() => void) | undefined {
  if (mount('-t', 'tmpfs', '-o', `size=${Math.ceil(bytes)}`, 'tmpfs', folder) !== undefined) return undefined;
  return () => unmount(folder);
}

/** Writes until not one more byte can be: that is the proof, for a moment later the trainer may have made room by a removal. */
function takeAllRoom(filler: string): void {
  const file = openSync(filler, 'a');
  try {
    for (let length = 1024 * 1024; length >= 1; ) {
      try {
        writeSync(file, Buffer.alloc(length));
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        if (code !== 'ENOSPC') throw new NotInjected(`the disk cannot be filled: ${message}`);
        length = Math.floor(length / 2);
      }
    }
  } finally {
    closeSync(file);
  }
}

async function mountReadOnly(target: ChaosTarget): Promise<() => void> {
  const { checkpointDir: folder } = target;
  const bound = mount('--bind', folder, folder);
  if (bound !== undefined) throw new NotInjected(`mount: ${bound}`);
  let problem: string | undefined;
  try {
    // As long as a file is open for writing, the kernel refuses.
    await until(target, 'a moment in which no checkpoint is written', () => {
      problem = mount('-o', 'remount,bind,ro', folder);
      return problem === undefined;
    });
  } catch (error) {
    unmount(folder);
    throw new NotInjected(`${(error as Error).message}; mount: ${problem}`);
  }
  return () => unmount(folder);
}

function takeModeAway(folder: string): () => void {
  const { mode } = statSync(folder);
  chmodSync(folder, 0o555);
  return () => chmodSync(folder, mode & 0o7777);
}

/** What was wrong, or undefined. */
function mount(...args: readonly string[]): string | undefined {
  const { status, error, stderr } = spawnSync('mount', args);
  return status === 0 ? undefined : (error?.message ?? stderr.toString().trim());
}

function unmount(folder: string): void {
  spawnSync('umount', ['-l', folder]);
}

function canWrite(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
