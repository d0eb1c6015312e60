import { join } from 'node:path';
import { runPaths } from '../../protocol/index.js';
import { inspectRun } from '../shell/inspect-run.js';
import { judgeHolder, readHolder } from '../shell/run-lock.js';
import { type Check, failure, ok } from './check.js';

/** Nobody else supervises the run or uses its checkpoint directory. The supervisor itself makes sure of it. */
export const checkLock: Check = {
  title: 'lock',
  look: ({ run }) => {
    for (const path of [runPaths(run.runDir).lock, join(run.checkpointDir, '.lock')]) {
      const holder = readHolder(path);
      if (holder === undefined || judgeHolder(holder) === 'dead') continue;
      const what = `supervisor ${holder.pid} on ${holder.host} keeps ${path} since ${holder.since}`;
      return [failure('lock', what, `let it run, or end it: supervise stop ${holder.run_dir}`)];
    }
    const { supervision, trainer } = inspectRun(run.runDir);
    if (supervision === 'orphaned') return [ok(`free; trainer ${trainer} still runs and will be adopted`)];
    return [ok('free')];
  },
};
