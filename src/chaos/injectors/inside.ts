import { existsSync, readFileSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  awaitPreload,
  giveDiskOrder,
  giveOrder,
  type Order,
  orderPaths,
  put,
  readCrashLoop,
} from '../preload/orders.js';
import { type Injector, NotInjected } from '../target.js';
import { awaitEnd, findTrainer, send, until } from './await.js';

/** Ends the trainer from inside, with an exit code. */
export function exitWith(code: number): Injector {
  return async (target) => {
    const victim = await findTrainer(target);
    await giveOrder(target, victim, { action: 'exit', code });
    const atMs = Date.now();
    await awaitEnd(target, victim);
    return { what: `process ${victim.pid} ended with exit code ${code}`, atMs, attempt: victim.attempt };
  };
}

/** Tells the trainer's main thread to do something from which it does not come back. */
export function lose(order: Order): Injector {
  return async (target) => {
    const victim = await findTrainer(target);
    await giveOrder(target, victim, order);
    const atMs = Date.now();
    return { what: `process ${victim.pid} obeys "${order.action}": an endless loop`, atMs, attempt: victim.attempt };
  };
}

/** NaN in an activation of a training step. */
export const nan: Injector = async (target) => {
  const victim = await findTrainer(target);
  await giveOrder(target, victim, { action: 'nan' });
  const atMs = Date.now();
  return { what: `process ${victim.pid} computes with NaN`, atMs, attempt: victim.attempt };
};

/** Kills the trainer, and lets its next three launches end at once. */
export const crashLoop: Injector = async (target) => {
  const victim = await findTrainer(target);
  await awaitPreload(target, victim);
  put(orderPaths(target.folder, 0).crashLoop, String(loops));
  const atMs = Date.now();
  send(victim, 'SIGKILL', { group: true });
  await awaitEnd(target, victim);
  await until(target, `${loops} launches that end at once`, () => readCrashLoop(target) === 0, 120_000);
  const what = `process ${victim.pid} killed; the next ${loops} launches ended with exit code 1 at once`;
  return { what, atMs, attempt: victim.attempt === undefined ? undefined : victim.attempt + loops };
};

const loops = 3;
const mostOperations = 12;

/** Lets the trainer kill itself before a file operation of its next saves, counted from now. */
export const crashInCommit: Injector = async (target, dice) => {
  const victim = await findTrainer(target);
  await awaitPreload(target, victim);
  const { disk, diskTaken } = orderPaths(target.folder, 0);
  rmSync(diskTaken, { force: true });
  giveDiskOrder(target, { action: 'crash', after: 1 + Math.floor(dice() * mostOperations) });
  try {
    await until(target, 'a save', () => existsSync(diskTaken), 120_000);
  } finally {
    rmSync(disk, { force: true });
  }
  const atMs = Date.now();
  await awaitEnd(target, victim);
  const { operation, file, count } = JSON.parse(readFileSync(diskTaken, 'utf8'));
  const what = `process ${victim.pid} killed itself before operation ${count} of its saves: ${operation} ${file}`;
  return { what, atMs, attempt: victim.attempt };
};

/** Lets every file operation below the checkpoint directory take longer, for some seconds. */
export const slowDisk: Injector = async (target, dice) => {
  const victim = await findTrainer(target);
  await awaitPreload(target, victim);
  const { disk, diskTaken } = orderPaths(target.folder, 0);
  rmSync(diskTaken, { force: true });
  const addMs = Math.round(100 + dice() * 200);
  const atMs = Date.now();
  giveDiskOrder(target, { action: 'slow', addMs });
  try {
    await until(target, 'a save that takes longer', () => existsSync(diskTaken), 120_000);
    await sleep(3000);
  } finally {
    rmSync(disk, { force: true });
  }
  const what = `for 3 s every file operation of a save took ${addMs} ms longer`;
  return { what, atMs, attempt: victim.attempt };
};

const hourMs = 3_600_000;

/** Lets the time of day leap by an hour, forth or back, as supervisor and trainer see it. */
export const clockJump: Injector = async (target, dice) => {
  const pid = target.supervisor?.pid();
  if (pid === undefined) throw new NotInjected('there is no supervisor that may be touched');
  const victim = await findTrainer(target);
  const { clock } = orderPaths(target.folder, 0);
  const leapMs = dice() < 0.5 ? hourMs : -hourMs;
  const atMs = Date.now();
  put(clock, String(leapMs));
  try {
    await until(target, `supervisor ${pid} to see the leap`, () => sees(target.folder, pid, leapMs), 5000);
    await sleep(3000);
  } finally {
    put(clock, '0');
  }
  const what = `the clock leapt by ${leapMs / hourMs} h for 3 s, as supervisor ${pid} saw it`;
  return { what, atMs, attempt: victim.attempt };
};

function sees(folder: string, pid: number, leapMs: number): boolean {
  try {
    return readFileSync(`${folder}/taken/clock-${pid}`, 'utf8') === String(leapMs);
  } catch {
    return false;
  }
}
