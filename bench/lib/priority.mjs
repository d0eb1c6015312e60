// What else the machine does should disturb what is measured less.
import { spawnSync } from 'node:child_process';
import { setPriority } from 'node:os';

/** Runs us at real-time priority, and all that we start inherits it; without that right, at the highest one that we get. */
export function raisePriority() {
  const { status } = spawnSync('chrt', ['--rr', '--pid', '10', String(process.pid)], { stdio: 'ignore' });
  if (status !== 0) setNice(-19);
}

/** Gives us a priority from 19 (lowest) to -20, and all that we start inherits it. */
export function setNice(nice) {
  try {
    setPriority(nice);
  } catch {
    console.error('not root: the priority stays as it is, and other work on the machine disturbs the figures');
  }
}
