// One contender under the schedule of kills.
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive, signal } from '../lib/process.mjs';
import { median } from '../lib/statistics.mjs';
import { checkpointsOf, diaryOf, openRunFolder } from './contenders.mjs';
import { account, beginOf, readDiary } from './diary.mjs';

export const monotonicMs = () => Number(process.hrtime.bigint()) / 1e6;

/**
 * Runs it for `windowMs` from its first step, and kills its trainer at each of `timesMs` (from the first step; later, when it is
 * not back by then). Returns the account of its diary.
 */
export async function runKills({ contender, scratch, timesMs, windowMs, options }) {
  const folder = openRunFolder(scratch, contender.id);
  const handle = contender.start(folder, options);
  try {
    const begin = beginOf(await awaitStep(folder, () => true, 120_000));
    const faults = [];
    const savesMs = [];
    for (const atMs of timesMs) {
      await sleep(Math.max(0, begin + atMs - monotonicMs()));
      const died = await killTrainer(folder, begin + windowMs);
      if (died === undefined) continue;
      faults.push({ at_ms: died });
      savesMs.push(lastSaveMs(folder));
    }
    await sleep(Math.max(0, begin + windowMs - monotonicMs()));
    // Only who is back shows what was lost.
    const died = faults.at(-1)?.at_ms ?? 0;
    const before = readDiary(diaryOf(folder)).findLast(({ at_ms }) => at_ms <= died);
    const isBack = ({ at_ms, pid }) => at_ms > died && pid !== before?.pid;
    if (faults.length > 0) await awaitStep(folder, isBack, backMs).catch(() => undefined);
    const known = savesMs.filter(Number.isFinite);
    return {
      ...account(readDiary(diaryOf(folder)), faults, windowMs),
      save_ms: known.length > 0 ? median(known) : undefined,
    };
  } finally {
    await end(handle, folder);
  }
}

const backMs = 90_000;

/** How long the last save took until it counted: it says when it began, its file when it was put in place. */
function lastSaveMs(folder) {
  try {
    const path = join(checkpointsOf(folder), 'epoch_info.json');
    return statSync(path).mtimeMs - Date.parse(JSON.parse(readFileSync(path, 'utf8')).timestamp);
  } catch {
    return undefined;
  }
}

/** Kills the process that took the last step, once there is one. */
async function killTrainer(folder, untilMs) {
  while (monotonicMs() < untilMs) {
    const pid = readDiary(diaryOf(folder)).at(-1)?.pid;
    if (isAlive(pid)) {
      const at = monotonicMs();
      signal(pid, 'SIGKILL');
      return at;
    }
    await sleep(50);
  }
  return undefined;
}

/** Waits for a step that `isMeant`; returns the diary. */
export async function awaitStep(folder, isMeant, timeoutMs) {
  const deadline = monotonicMs() + timeoutMs;
  for (;;) {
    const diary = readDiary(diaryOf(folder));
    if (diary.some(isMeant)) return diary;
    if (monotonicMs() > deadline) throw new Error(`${folder}: no step in ${timeoutMs / 1000} s`);
    await sleep(200);
  }
}

/** Ends a supervisor and whatever trained under it. */
export async function end(handle, folder) {
  await handle.end();
  for (const pid of new Set(readDiary(diaryOf(folder)).map((entry) => entry.pid)))
    if (isAlive(pid)) signal(pid, 'SIGKILL');
}

export { checkpointsOf };
