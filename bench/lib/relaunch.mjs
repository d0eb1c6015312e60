// From the child's death to the first instruction of the next one.
import { setTimeout as sleep } from 'node:timers/promises';
import { endAll, millisBetween, now, readStamps, signal, waitForStamps } from './process.mjs';
import { summarize } from './statistics.mjs';

/** A child that lives less is started again late by runit, s6 and supervisord. */
const leastLifeMs = 1100;

/**
 * Kills the child of each supervisor in turn, `rounds` times; all of them run side by side. Returns
 * `{ name: { median, p95 … } }` in milliseconds.
 */
export async function measureRelaunch({ supervisors, openFolder, child, rounds, onRound }) {
  const running = [];
  try {
    for (const supervisor of supervisors) {
      const folder = openFolder(`relaunch-${supervisor.name}`);
      const stamps = `${folder}/stamps`;
      running.push({ supervisor, stamps, samples: [], handle: supervisor.start(folder, [child, 'idle', stamps]) });
    }
    for (const { stamps } of running) await waitForStamps(stamps, 1);
    await sleep(leastLifeMs);
    for (let round = 0; round < rounds; round++) {
      const started = performance.now();
      for (const one of running) one.samples.push(await killOnce(one.stamps));
      await sleep(Math.max(0, leastLifeMs - (performance.now() - started)));
      onRound?.(round + 1, rounds);
    }
  } finally {
    await endAll(running.map(({ handle }) => handle));
  }
  return Object.fromEntries(running.map(({ supervisor, samples }) => [supervisor.name, summarize(samples)]));
}

async function killOnce(path) {
  const before = readStamps(path);
  const died = now();
  signal(before.at(-1).pid, 'SIGKILL');
  const after = await waitForStamps(path, before.length + 1);
  return millisBetween(died, after[before.length].at);
}
