import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isRunning } from '../../supervisor/shell/processes.js';
import { type ChaosTarget, type Injector, NotInjected, type Victim } from '../target.js';
import { findTrainer, readOf, until } from './await.js';

const deathMs = 60_000;

/** Puts the trainer under a memory limit below what it uses. */
export const takeMemory: Injector = async (target) => {
  const victim = await findTrainer(target);
  const atMs = Date.now();
  const group = moveIntoSmallGroup(victim);
  if (group === undefined) limit(victim, 'as', usedBytes(victim.pid));
  await until(unhurried(target), `process ${victim.pid} to run out of memory`, () => !isRunning(victim), deathMs);
  if (group !== undefined) removeGroup(group);
  const how =
    group === undefined ? 'the limit of its address space is what it had' : `a memory cgroup of ${limitBytes} bytes`;
  return { what: `process ${victim.pid} ran out of memory: ${how}`, atMs, attempt: victim.attempt };
};

/** Takes from the trainer the right to open one more file. */
export const takeFiles: Injector = async (target) => {
  const victim = await findTrainer(target);
  const count = countFiles(victim);
  const atMs = Date.now();
  // Numbers below the limit that are free could still be used.
  limit(victim, 'nofile', 3);
  await until(unhurried(target), `process ${victim.pid} to end for want of files`, () => !isRunning(victim), deathMs);
  const what = `process ${victim.pid} had ${count} files open, and could open no more: it ended`;
  return { what, atMs, attempt: victim.attempt };
};

const limitBytes = 1024 * 1024;

/** A cgroup in which the next page is one too many; undefined where none can be made (it needs root). */
function moveIntoSmallGroup({ pid }: Victim): string | undefined {
  for (const [parent, file] of [
    ['/sys/fs/cgroup', 'memory.max'],
    ['/sys/fs/cgroup/memory', 'memory.limit_in_bytes'],
  ] as const) {
    const group = join(parent, `supervise-chaos-${pid}`);
    try {
      if (file === 'memory.max') readFileSync(join(parent, 'cgroup.controllers'));
      mkdirSync(group);
    } catch {
      continue;
    }
    try {
      writeFileSync(join(group, file), String(limitBytes));
      writeFileSync(join(group, 'cgroup.procs'), String(pid));
      return group;
    } catch {
      removeGroup(group);
    }
  }
  return undefined;
}

function removeGroup(group: string): void {
  try {
    rmdirSync(group);
  } catch {
    // Its last process is still being ended; an empty group costs nothing.
  }
}

/** Lowers a limit of a process that runs, by prlimit(1) of util-linux. */
function limit({ pid }: Victim, resource: 'as' | 'nofile', value: number): void {
  const { status, error, stderr } = spawnSync('prlimit', ['--pid', String(pid), `--${resource}=${value}:${value}`]);
  if (status !== 0) throw new NotInjected(`prlimit: ${error?.message ?? stderr.toString().trim()}`);
}

function countFiles({ pid }: Victim): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    throw new NotInjected(`process ${pid} is gone already`);
  }
}

/** Source: proc(5), first field of `/proc/<pid>/statm`, in pages. */
function usedBytes(pid: number): number {
  const [pages = '0'] = readOf(pid, 'statm').split(' ');
  return Number(pages) * 4096;
}

/** The end of the trainer may be the end of the run. */
function unhurried(target: ChaosTarget): ChaosTarget {
  return { ...target, signal: new AbortController().signal };
}
