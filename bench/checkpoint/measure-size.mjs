// All tools in turns, with one size of state.
import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createFigures } from './figures.mjs';
import { evict, measureFreshRead, measureRawRead, measureRawWrite } from './raw.mjs';
import { warmMemory } from './warm-memory.mjs';
import { listTools } from './workers.mjs';

/** MB: larger ones would take minutes more. */
const largestRepeated = 200;
/** Rounds of sizes up to that, whatever time they take. */
const leastRounds = 3;
/** Bytes that dd writes beside a save: its speed does not change after them, and the disk takes seconds for as many. */
const mostWritten = 500e6;

/** What is warm before an action, of the state's size: the page cache of its file, the new arrays, and as much on the way to them. */
const warmTimes = 3;
const leastWarmMb = 500;

/**
 * Tells `onRound` the figures of all rounds so far. Each save and each restore has dd right before and right after it, which reads in
 * the way `read`, and is compared with that; all of them find warm memory. No round begins, but the first ones, that would end after
 * so many `minutes`.
 */
export async function measureSize({ root, folder, megabytes, rounds, minutes, read: way, onRound }) {
  const bytes = megabytes * 1e6;
  const isHuge = megabytes >= 1000;
  const figures = createFigures(bytes);
  const savers = new Map();
  const startedAt = performance.now();

  const warm = () => warmMemory(Math.max(leastWarmMb, warmTimes * megabytes));

  /** An action, and the seconds of `measureDd` before and after it; `prepare` comes before each of them. */
  const beside = async (prepare, measureDd, act) => {
    prepare();
    const before = measureDd();
    prepare();
    const done = await act();
    prepare();
    return { ...done, dd: (before + measureDd()) / 2 };
  };

  const measureTool = async (tool, round) => {
    const path = join(folder, `${tool.name.replaceAll(/\W+/g, '-')}.state`);
    const saver = savers.get(tool.name) ?? (await tool.startSaver());
    const written = Math.min(bytes, mostWritten);
    const write = () => (measureRawWrite(join(folder, 'raw'), written) * bytes) / written;
    const { files, ...saved } = await beside(warm, write, () => saver.ask(path));
    figures.add({ action: 'save', name: tool.name }, { ...saved, version: saver.version });
    // All of them together would take more memory than many machines have.
    if (isHuge) await saver.stop();
    else savers.set(tool.name, saver);
    const [data] = files.toSorted((left, right) => statSync(right).size - statSync(left).size);
    const prepare = () => {
      evict(files);
      warm();
    };
    const read = () => measureRawRead(data, way);
    for (const restore of rotate(tool.restores, round)) {
      const worker = await startOrSkip(restore);
      if (worker === undefined) continue;
      const load = () => worker.ask(path);
      const row = { action: 'restore', name: tool.name, into: restore.into };
      figures.add(row, { ...(await beside(prepare, read, load)), version: worker.version });
      if (restore.isFresh) {
        prepare();
        figures.add(row, { freshDd: measureFreshRead(data) });
      }
      if (megabytes <= largestRepeated) {
        prepare();
        await load();
        const { seconds, dd } = await beside(prepare, read, load);
        figures.add(row, { again: seconds, againDd: dd });
      }
      await worker.stop();
    }
    for (const file of files) rmSync(file);
  };

  const tools = await listTools(root, folder, megabytes);
  let roundAt = startedAt;
  const isTimeLeft = (done) => {
    const now = performance.now();
    const last = now - roundAt;
    roundAt = now;
    const isNeeded = done < (megabytes <= largestRepeated ? leastRounds : 1);
    return isNeeded || now - startedAt + last <= minutes * 60_000;
  };
  try {
    for (let round = 0; round < rounds && isTimeLeft(round); round++) {
      process.stderr.write(`\r${megabytes} MB: round ${round + 1} of ${rounds} `);
      // Each round begins with another one, so that none always follows the same.
      for (const tool of rotate(tools, round)) await measureTool(tool, round);
      onRound({ megabytes, rounds: round + 1, ...figures.describe() });
    }
  } finally {
    process.stderr.write('\n');
    for (const saver of savers.values()) await saver.stop();
  }
}

const rotate = (list, by) => list.map((_, index) => list[(index + by) % list.length]);

const missing = new Set();

/** A new process; undefined, said once, where it does not start. */
async function startOrSkip({ into, start }) {
  if (missing.has(into)) return undefined;
  try {
    return await start();
  } catch (error) {
    missing.add(into);
    const lines = error.message.trim().split('\n');
    console.error(`\nskipped: ${lines.find((line) => /Error/.test(line)) ?? error.message}`);
    return undefined;
  }
}
