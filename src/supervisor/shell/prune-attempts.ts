import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { attemptPaths, type RunPaths } from '../../protocol/index.js';

/** The first attempts tell how it began, the latest what is so now. */
const keptFirst = 10;
const keptLatest = 200;
/** Folders are looked through at every so manieth launch. */
const everyLaunches = 20;

/** Removes the folders of attempts long past, so that a run of many thousand restarts does not fill its disk with logs. */
export function pruneAttempts(paths: RunPaths, attempt: number): void {
  if (attempt % everyLaunches !== 0) return;
  for (const name of readdirSync(paths.attempts)) {
    const number = Number(name);
    const isOwn = attemptPaths(paths, number).root === join(paths.attempts, name);
    if (isOwn && number > keptFirst && number <= attempt - keptLatest)
      rmSync(join(paths.attempts, name), { recursive: true, force: true });
  }
}
