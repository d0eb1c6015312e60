import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isRunning, readProc, readProcess } from '../../supervisor/shell/processes.js';
import { type Injector, NotInjected, type Victim } from '../target.js';
import { awaitEnd, findTrainer, readOf, send } from './await.js';

/** Kills the trainer, and leaves a process behind that has its environment and a session of its own. */
export const leaveGrandchild: Injector = async (target) => {
  const victim = await findTrainer(target);
  const left = startGrandchild(victim);
  const atMs = Date.now();
  killBeside(victim, left);
  await awaitEnd(target, victim);
  const what = `SIGKILL to ${victim.pid}; grandchild ${left.pid} lived on in a session of its own`;
  return { what, atMs, attempt: victim.attempt, objection: () => complain(left) };
};

/** The same, and the driver says that it holds memory of the GPU. */
export const holdGpu: Injector = async (target) => {
  const victim = await findTrainer(target);
  const left = startGrandchild(victim);
  writeFileSync(join(target.folder, 'gpu-holder'), String(left.pid));
  const atMs = Date.now();
  killBeside(victim, left);
  await awaitEnd(target, victim);
  const what = `SIGKILL to ${victim.pid}; nvidia-smi said that ${left.pid}, which it left, held 70000 MiB`;
  return { what, atMs, attempt: victim.attempt, objection: () => complain(left) };
};

/**
 * Kills the trainer's group, which what is left is no part of. The proof is taken in the same tick: a supervisor that does its work
 * clears what is left within milliseconds of the kill.
 */
function killBeside(victim: Victim, left: Victim): void {
  try {
    if (!isRunning(left)) throw new NotInjected(`the grandchild ${left.pid} ended before the trainer did`);
    if (readSession(left.pid) !== left.pid)
      throw new NotInjected(`the grandchild ${left.pid} has no session of its own`);
    send(victim, 'SIGKILL', { group: true });
  } catch (error) {
    if (isRunning(left)) process.kill(left.pid, 'SIGKILL');
    throw error;
  }
}

/** Source: proc(5), field 6 of `/proc/<pid>/stat`; the leader of a session leads its own process group too. */
function readSession(pid: number): number | undefined {
  const stat = readProc(`${pid}/stat`);
  return stat === undefined ? undefined : Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[3]);
}

/** Puts an `nvidia-smi` into a folder that tells of the holder while it lives, and of one GPU; a real one is asked otherwise. */
export function installFakeGpu(folder: string): string {
  const bin = join(folder, 'bin');
  mkdirSync(bin, { recursive: true });
  const script = `#!/bin/sh
# A driver that tells of a process which holds the GPU, as long as that process lives.
holder=$(cat "${folder}/gpu-holder" 2>/dev/null)
real=$(PATH=$(printf %s "$PATH" | sed 's|${bin}:*||g') command -v nvidia-smi)
case "$*" in
  *query-compute-apps*)
    if [ -n "$holder" ] && kill -0 "$holder" 2>/dev/null; then echo "$holder, GPU-0, 70000"; exit 0; fi
    if [ -n "$real" ]; then exec "$real" "$@"; fi ;;
  *)
    if [ -n "$real" ]; then exec "$real" "$@"; fi
    echo '0, GPU-0, none, 40, 140000, 0, 0' ;;
esac
`;
  const path = join(bin, 'nvidia-smi');
  writeFileSync(path, script);
  chmodSync(path, 0o755);
  return bin;
}

function startGrandchild(victim: Victim): Victim {
  const child = spawn('sleep', ['100000'], {
    env: environmentOf(victim.pid),
    cwd: '/',
    detached: true,
    stdio: 'ignore',
  });
  child.unref();
  const facts = child.pid === undefined ? undefined : readProcess(child.pid);
  if (facts === undefined) throw new NotInjected('the grandchild could not be started');
  return { pid: facts.pid, startTime: facts.startTime, attempt: victim.attempt };
}

function environmentOf(pid: number): Record<string, string> {
  const entries = readOf(pid, 'environ').split('\0');
  return Object.fromEntries(
    entries.flatMap((entry) => {
      const at = entry.indexOf('=');
      return at < 1 ? [] : [[entry.slice(0, at), entry.slice(at + 1)]];
    }),
  );
}

function complain(left: Victim): string | undefined {
  return isRunning(left) ? `the process ${left.pid} that it left still lives` : undefined;
}
