// One contender and one fault other than a kill: does the run go on?
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync, statfsSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive, signal } from '../lib/process.mjs';
import { checkpointsOf, openRunFolder } from './contenders.mjs';
import { awaitStep, end, monotonicMs } from './run-kills.mjs';

/** How each fault is brought about; they return when it stands. */
const injectors = {
  hang: async ({ pid }) => {
    signal(pid, 'SIGSTOP');
    return 'SIGSTOP';
  },
  /** The newest checkpoint is cut in half, as by a crash before its data were on disk; then the trainer is killed. */
  'torn checkpoint': async ({ folder, pid }) => {
    const directory = checkpointsOf(folder);
    const newest = readdirSync(directory)
      .filter((name) => /^ckpt-\d+\.(pt|data.*)$/.test(name))
      .sort((left, right) => Number(left.match(/\d+/)[0]) - Number(right.match(/\d+/)[0]))
      .at(-1);
    const path = join(directory, newest);
    const half = Math.floor(statSync(path).size / 2);
    truncateSync(path, half);
    signal(pid, 'SIGKILL');
    return `${newest} cut to ${half} bytes`;
  },
  /** No room for the next checkpoint; some seconds after the trainer could not write it there is room again. */
  'disk full': async ({ folder, pid }) => {
    const filler = join(checkpointsOf(folder), 'filler');
    const { bavail, bsize } = statfsSync(checkpointsOf(folder));
    const left = Math.max(0, bavail * bsize - 256 * 1024);
    execFileSync('fallocate', ['-l', String(left), filler]);
    for (let waited = 0; waited < mostFullMs && isAlive(pid); waited += 100) await sleep(100);
    await sleep(fullMs);
    rmSync(filler);
    return `${left} bytes taken, until ${fullMs / 1000} s after the trainer ended`;
  },
  /** A batch that gives NaN whenever it is its turn; the trainer ends at it, and leaves out what it is told to. */
  NaN: async ({ folder }) => {
    writeFileSync(join(folder, 'run', 'poison'), '');
    return 'one batch of each epoch gives NaN';
  },
};

export const faultNames = Object.keys(injectors);
const fullMs = 3000;
const mostFullMs = 60_000;

/**
 * Trains until a checkpoint is there, injects the fault, and waits for work that was never done before. Returns
 * `{ survived, back_ms, what }`.
 */
export async function runFault({ contender, fault, scratch, options, patienceMs }) {
  const folder = openRunFolder(scratch, `${contender.id}-${fault.replace(' ', '-')}`);
  const unmount = fault === 'disk full' ? mountSmallDisk(checkpointsOf(folder)) : () => {};
  // Short silences of a busy machine are no hangs where none is to be found.
  const hangMs = fault === 'hang' ? 3000 : 60_000;
  const handle = contender.start(folder, { ...options, hangMs, rest: { hang: { min_ms: hangMs } } });
  try {
    const ready = await awaitStep(folder, ({ epoch, step }) => epoch === 3 && step >= 5, 300_000);
    const { pid } = ready.at(-1);
    const most = ready.at(-1).epoch;
    const what = await injectors[fault]({ folder, pid });
    const injected = monotonicMs();
    const isNew = ({ epoch, step }) => epoch > most && step >= 5;
    const done = await awaitStep(folder, isNew, patienceMs).catch(() => undefined);
    const back = done?.find(({ at_ms, pid: next }) => at_ms > injected && next !== pid);
    return {
      survived: done !== undefined,
      back_ms: back && back.at_ms - injected,
      gave_up: !isAlive(handle.pid()),
      what,
    };
  } finally {
    await end(handle, folder);
    unmount();
  }
}

/** A disk of its own for the checkpoints; needs root. */
function mountSmallDisk(directory) {
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', directory]);
  return () => existsSync(directory) && execFileSync('umount', ['-l', directory]);
}
