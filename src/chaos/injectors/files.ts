import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { type Injector, NotInjected } from '../target.js';
import { awaitEnd, findTrainer, send } from './await.js';

const lastsMs = 3000;

/** Moves the files of training data away, kills the trainer, and brings them back after some seconds. */
export const hideData: Injector = async (target) => {
  const victim = await findTrainer(target);
  const files = (target.dataFiles?.() ?? []).filter((path) => existsSync(path));
  if (files.length === 0) throw new NotInjected('it is not known which files the trainer reads');
  for (const path of files) renameSync(path, `${path}.away`);
  const atMs = Date.now();
  send(victim, 'SIGKILL', { group: true });
  await awaitEnd(target, victim);
  return {
    what: `${files.join(', ')} moved away, then SIGKILL to ${victim.pid}`,
    atMs,
    attempt: victim.attempt,
    lift: {
      afterMs: lastsMs,
      // What the trainer made anew meanwhile is as good.
      undo: async () => {
        for (const path of files) if (existsSync(`${path}.away`)) renameSync(`${path}.away`, path);
      },
    },
  };
};

/** Writes nonsense over the experiment file, and kills the trainer; the file is as it was after some seconds. */
export const editConfig: Injector = async (target) => {
  const { experimentPath: path } = target;
  if (path === undefined) throw new NotInjected('there is no experiment file that may be touched');
  const victim = await findTrainer(target);
  const before = readFileSync(path);
  writeFileSync(path, '{ "epochs": "as many as it takes", "trainer": { "command": ["false"] }');
  const atMs = Date.now();
  send(victim, 'SIGKILL', { group: true });
  await awaitEnd(target, victim);
  return {
    what: `${path} holds nonsense, then SIGKILL to ${victim.pid}`,
    atMs,
    attempt: victim.attempt,
    lift: { afterMs: lastsMs, undo: async () => writeFileSync(path, before) },
  };
};
