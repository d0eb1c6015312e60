// From the command line to the child's first instruction.
import { spawnSync } from 'node:child_process';
import { millisBetween, now, waitForStamps } from './process.mjs';
import { summarize } from './statistics.mjs';

/** Starts each supervisor in turn, `rounds` times. Returns `{ name: { median, p95 … } }` in milliseconds. */
export async function measureLaunch({ supervisors, openFolder, child, rounds, onRound }) {
  const samples = Object.fromEntries(supervisors.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const supervisor of supervisors) {
      const folder = openFolder(`launch-${supervisor.name}-${round}`);
      const started = now();
      const handle = supervisor.start(folder, [child, 'idle', `${folder}/stamps`]);
      try {
        const [first] = await waitForStamps(`${folder}/stamps`, 1);
        samples[supervisor.name].push(millisBetween(started, first.at));
      } finally {
        await handle.end();
      }
    }
    onRound?.(round + 1, rounds);
  }
  return summarizeAll(samples);
}

/** Runs commands to their end in turn, `rounds` times; `commands` is `{ name: [program, ...args] }`. Milliseconds. */
export function measureCommands({ commands, rounds, env = process.env }) {
  const samples = Object.fromEntries(Object.keys(commands).map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, [program, ...args]] of Object.entries(commands)) {
      const started = now();
      spawnSync(program, args, { stdio: 'ignore', env });
      samples[name].push(millisBetween(started, now()));
    }
  }
  return summarizeAll(samples);
}

const summarizeAll = (samples) =>
  Object.fromEntries(Object.entries(samples).map(([name, values]) => [name, summarize(values)]));
