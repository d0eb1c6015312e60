import type { FailureClassName } from '../failure-classes.js';
import { type GpuApp, hasGpuTool, readGpuApps } from './gpu.js';
import { readProcess } from './processes.js';

/**
 * GPU memory that processes of earlier attempts still hold. What the kernel has seen to the end has given its memory back, or
 * does within milliseconds, while `nvidia-smi` takes a second to say so: a launch waits for the tool only where there is doubt.
 */
export interface HeldMemory {
  /** Notes the process of an attempt that begins. */
  readonly note: (pid: number) => void;
  /** Processes that nobody saw end in the usual way: the next launch waits until they are known to hold nothing. */
  readonly suspect: (pids: readonly number[]) => void;
  /** An attempt has failed: when the next launch will wait for the tool, it is asked at once. */
  readonly askEarly: (failure: FailureClassName) => void;
  /** What is still held, to be asked before a launch; undefined when nothing is, or there is no reason to ask. */
  readonly findBefore: (lastClass: FailureClassName | undefined) => Promise<string | undefined>;
  /** Looks beside a trainer that has just been launched. What is held then is reported, and the next launch waits for it. */
  readonly lookBeside: () => Promise<void>;
  /** What the look beside the latest launch found. */
  readonly found: () => string | undefined;
  /** Ends the tool if it is being asked. */
  readonly close: () => void;
}

/** After these the memory of the GPU is the matter, or the driver may not be done with the trainer. */
const doubtful: ReadonlySet<FailureClassName | undefined> = new Set<FailureClassName>([
  ...(['gpu-memory', 'gpu-fault', 'gpu-lost', 'gpu-busy', 'hang'] as const),
]);

/** `report` takes a line for the log: memory that is held although the next attempt has been launched. */
export function createHeldMemory(report: (line: string) => void): HeldMemory {
  const former = new Set<number>();
  let current: number | undefined;
  let isSuspected = false;
  let early: Promise<readonly GpuApp[]> | undefined;
  let looking: Promise<void> | undefined;
  let found: string | undefined;
  const closing = new AbortController();
  const readApps = () => readGpuApps(closing.signal);
  const isToWait = (failure: FailureClassName | undefined) => isSuspected || doubtful.has(failure);

  const look = async () => {
    found = describeHeld(await readApps(), former);
    if (found === undefined) return;
    isSuspected = true;
    report(`${found}; the next launch waits until they are free`);
  };

  return {
    note: (pid) => {
      if (current !== undefined) former.add(current);
      current = pid;
      found = undefined;
    },
    suspect: (pids) => {
      for (const pid of pids) former.add(pid);
      isSuspected = true;
      // It was asked while they lived.
      early = undefined;
    },
    askEarly: (failure) => {
      if (isToWait(failure) && hasGpuTool()) early = readApps();
    },
    findBefore: async (lastClass) => {
      const asked = early;
      early = undefined;
      // An attempt that ended sooner than the tool has answered: no launch is two ahead of it.
      await looking;
      const ended = current === undefined ? former : new Set([...former, current]);
      if (ended.size === 0 || !isToWait(lastClass) || !hasGpuTool()) return undefined;
      const before = asked === undefined ? undefined : describeHeld(await asked, ended);
      // Memory that is free stays free; that is held may have been freed since.
      const isKnownFree = asked !== undefined && before === undefined;
      const held = isKnownFree ? undefined : describeHeld(await readApps(), ended);
      isSuspected = held !== undefined;
      return held;
    },
    lookBeside: () => {
      if (former.size === 0 || !hasGpuTool()) return Promise.resolve();
      looking = look().finally(() => {
        looking = undefined;
      });
      return looking;
    },
    found: () => found,
    close: () => closing.abort(),
  };
}

/** A number that somebody has now was given to another process. */
function describeHeld(apps: readonly GpuApp[], ended: ReadonlySet<number>): string | undefined {
  const held = apps.find(({ pid }) => ended.has(pid) && readProcess(pid)?.isZombie !== false);
  if (held === undefined) return undefined;
  return `GPU memory: ${held.memory} MiB are still held by process ${held.pid} of an earlier attempt`;
}
