import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { type ChaosTarget, type Injector, NotInjected, type Victim } from '../target.js';
import { awaitEnd, findTrainer, send } from './await.js';

const lastsMs = 3000;

/** Moves the files of training data away, kills the trainer, and brings them back after some seconds. */
export const hideData: Injector = async (target) => {
  const victim = await findTrainer(target);
  const files = (target.dataFiles?.() ?? []).filter((path) => existsSync(path));
  if (files.length === 0) throw new NotInjected('it is not known which files the trainer reads');
  // What the trainer made anew meanwhile is as good.
  const bringBack = () => {
    for (const path of files) if (existsSync(`${path}.away`)) renameSync(`${path}.away`, path);
  };
  const atMs = Date.now();
  const takeAway = () => {
    for (const path of files) renameSync(path, `${path}.away`);
  };
  await killAfter(target, victim, takeAway, bringBack);
  return {
    what: `${files.join(', ')} moved away, then SIGKILL to ${victim.pid}`,
    atMs,
    attempt: victim.attempt,
    lift: { afterMs: lastsMs, undo: async () => bringBack() },
  };
};

/** Writes nonsense over the experiment file, and kills the trainer; the file is as it was after some seconds. */
export const editConfig: Injector = async (target) => {
  const { experimentPath: path } = target;
  if (path === undefined) throw new NotInjected('there is no experiment file that may be touched');
  const victim = await findTrainer(target);
  const before = readFileSync(path);
  const restore = () => writeFileSync(path, before);
  const atMs = Date.now();
  await killAfter(target, victim, () => writeFileSync(path, nonsense), restore);
  return {
    what: `${path} holds nonsense, then SIGKILL to ${victim.pid}`,
    atMs,
    attempt: victim.attempt,
    lift: { afterMs: lastsMs, undo: async () => restore() },
  };
};

const nonsense = '{ "epochs": "as many as it takes", "trainer": { "command": ["false"] }';

/** Changes something and kills the trainer; where it cannot be killed, all is as it was. */
async function killAfter(target: ChaosTarget, victim: Victim, change: () => void, undo: () => void): Promise<void> {
  try {
    change();
    send(victim, 'SIGKILL', { group: true });
    await awaitEnd(target, victim);
  } catch (error) {
    undo();
    throw error;
  }
}
