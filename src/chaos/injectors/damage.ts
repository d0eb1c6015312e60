import {
  closeSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { type EpochInfo, epochInfoPath, readEpochInfo } from '../../protocol/index.js';
import { isRunning } from '../../supervisor/shell/processes.js';
import { type ChaosTarget, type Injected, type Injector, NotInjected } from '../target.js';
import { awaitEnd, findTrainer, send, standStill, until } from './await.js';

/** Damages a file while the trainer stands still, and kills the trainer: nothing can be written in between. */
function damageAndKill(damage: (target: ChaosTarget, info: EpochInfo, dice: () => number) => string): Injector {
  return async (target, dice): Promise<Injected> => {
    await until(target, 'a first epoch_info.json', () => readEpochInfo(target.checkpointDir), 600_000);
    const victim = await findTrainer(target);
    const atMs = Date.now();
    let what: string;
    try {
      await standStill(target, victim);
      const info = readEpochInfo(target.checkpointDir);
      if (info === undefined) throw new NotInjected('there is no epoch_info.json to damage');
      what = damage(target, info, dice);
    } catch (error) {
      if (isRunning(victim)) process.kill(victim.pid, 'SIGCONT');
      throw error;
    }
    send(victim, 'SIGKILL', { group: true });
    await awaitEnd(target, victim);
    return { what: `${what}; then SIGKILL to ${victim.pid}`, atMs, attempt: victim.attempt };
  };
}

type InfoDamage = 'torn' | 'empty' | 'garbage' | 'foreign' | 'stale';

/** Spoils `epoch_info.json` in one of the ways in which it is found spoilt, and kills the trainer. */
export function spoilEpochInfo(kind: InfoDamage): Injector {
  return damageAndKill((target, info, dice) => {
    const path = epochInfoPath(target.checkpointDir);
    const bytes = spoil(kind, readFileSync(path), info, dice);
    writeFileSync(path, bytes);
    if (!readFileSync(path).equals(bytes)) throw new NotInjected(`${path} does not hold what was written`);
    return `epoch_info.json is ${kind} (${bytes.length} bytes)`;
  });
}

function spoil(kind: InfoDamage, bytes: Buffer, info: EpochInfo, dice: () => number): Buffer {
  switch (kind) {
    case 'torn':
      return bytes.subarray(0, 1 + Math.floor(dice() * (bytes.length - 2)));
    case 'empty':
      return Buffer.alloc(0);
    case 'garbage':
      return Buffer.from(Array.from({ length: bytes.length }, () => Math.floor(dice() * 256)));
    case 'foreign': {
      const epoch = info.last_completed_epoch + 5;
      return toJson({ last_completed_epoch: epoch, checkpoint: `other-run-${epoch}`, total_epochs: 999 });
    }
    case 'stale': {
      const epoch = Math.max(0, info.last_completed_epoch - 1);
      const { partial: _, checkpoint, ...rest } = info;
      const earlier = checkpoint?.replace(/\d+(?=\D*$)/, String(epoch));
      return toJson({
        ...rest,
        last_completed_epoch: epoch,
        ...(epoch > 0 && earlier !== undefined && { checkpoint: earlier }),
      });
    }
  }
}

/** Cuts the biggest file of the newest checkpoint at a random place, and kills the trainer. */
export const tearCheckpoint = damageAndKill(({ checkpointDir }, info, dice) => {
  const file = biggestOfNewest(checkpointDir, info);
  const { size } = statSync(file);
  const length = Math.floor(dice() * size);
  truncateSync(file, length);
  if (statSync(file).size !== length) throw new NotInjected(`${file} was not cut`);
  return `${file} is cut from ${size} to ${length} bytes`;
});

/** Flips one random bit of the newest checkpoint, and kills the trainer. */
export const flipBit = damageAndKill(({ checkpointDir }, info, dice) => {
  const path = biggestOfNewest(checkpointDir, info);
  const at = Math.floor(dice() * statSync(path).size);
  const bit = Math.floor(dice() * 8);
  const file = openSync(path, 'r+');
  try {
    const byte = Buffer.alloc(1);
    readSync(file, byte, 0, 1, at);
    const before = byte.readUInt8(0);
    writeSync(file, Buffer.from([before ^ (1 << bit)]), 0, 1, at);
    readSync(file, byte, 0, 1, at);
    if (byte.readUInt8(0) === before) throw new NotInjected(`${path} is as it was`);
  } finally {
    closeSync(file);
  }
  return `bit ${bit} of byte ${at} of ${path} is flipped`;
});

/** Files of the newest checkpoint that was committed: what epoch_info.json names, or else what was written last. */
function biggestOfNewest(checkpointDir: string, info: EpochInfo): string {
  const names = readdirSync(checkpointDir, { recursive: true }).map(String);
  const files = names
    .filter((name) => !ownFiles.test(name) && statSync(join(checkpointDir, name)).isFile())
    .map((name) => ({ name, path: join(checkpointDir, name), ...pick(join(checkpointDir, name)) }));
  const groups = [info.partial?.checkpoint, info.checkpoint]
    .filter((prefix) => prefix !== undefined)
    .map((prefix) =>
      files.filter(
        ({ name }) => name === prefix || (/^[./]/.test(name.slice(prefix.length)) && name.startsWith(prefix)),
      ),
    )
    .filter((group) => group.length > 0);
  const newest =
    groups.sort((left, right) => newestOf(right) - newestOf(left))[0] ??
    files.sort((a, b) => b.mtimeMs - a.mtimeMs).slice(0, 1);
  const biggest = newest.sort((left, right) => right.size - left.size)[0];
  if (biggest === undefined || biggest.size < 2)
    throw new NotInjected(`there is no checkpoint in ${checkpointDir} yet`);
  return biggest.path;
}

const ownFiles = /^(epoch_info\.json|checkpoint$|\.lock|quarantine|previous)|\.(tmp|new)$|^\.?tmp/;

function pick(path: string) {
  const { size, mtimeMs } = statSync(path);
  return { size, mtimeMs };
}

function newestOf(group: readonly { readonly mtimeMs: number }[]): number {
  return Math.max(...group.map(({ mtimeMs }) => mtimeMs));
}

function toJson(value: object): Buffer {
  return Buffer.from(JSON.stringify(value));
}
