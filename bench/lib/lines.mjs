// A child that writes a million lines: how much slower it gets, and how many lines are kept.
import { createReadStream, existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { millisBetween, waitForStamps } from './process.mjs';
import { summarize } from './statistics.mjs';

/** How long a supervisor has, after the child's last write, to bring the rest of the lines to its log. */
const settleMs = 20_000;

/**
 * The child writes `lines` lines of 100 bytes under each supervisor in turn, `rounds` times. Returns
 * `{ name: { median, p95 …, kept } }`: milliseconds from its first to its last write, and the fewest lines that were kept.
 */
export async function measureLines({ supervisors, openFolder, child, rounds, lines, onRound }) {
  const samples = Object.fromEntries(supervisors.map(({ name }) => [name, { times: [], kept: [] }]));
  for (let round = 0; round < rounds; round++) {
    for (const supervisor of supervisors) {
      const folder = openFolder(`lines-${supervisor.name}-${round}`);
      const handle = supervisor.start(folder, [child, 'lines', `${folder}/stamps`, String(lines)]);
      try {
        const [first, last] = await waitForStamps(`${folder}/stamps`, 2, 120_000);
        samples[supervisor.name].times.push(millisBetween(first.at, last.at));
        samples[supervisor.name].kept.push(await countWhenSettled(() => supervisor.logs(folder), lines));
      } finally {
        await handle.end();
      }
      openFolder(`lines-${supervisor.name}-${round}`);
    }
    onRound?.(round + 1, rounds);
  }
  return Object.fromEntries(
    Object.entries(samples).map(([name, { times, kept }]) => [name, { ...summarize(times), kept: Math.min(...kept) }]),
  );
}

/** Counts the lines of the logs until all are there, or nothing is added any more. */
async function countWhenSettled(logs, wanted) {
  const deadline = performance.now() + settleMs;
  for (let last = -1; ; ) {
    let count = 0;
    for (const path of logs()) count += await countLines(path);
    if (count >= wanted || count === last || performance.now() > deadline) return count;
    last = count;
    await sleep(1500);
  }
}

/** Lines of the child, whatever a supervisor writes before or between them. */
async function countLines(path) {
  if (!existsSync(path)) return 0;
  let count = 0;
  for await (const line of createInterface({ input: createReadStream(path) })) if (ofChild.test(line)) count += 1;
  return count;
}

const ofChild = /\bline \d{9}\b/;
