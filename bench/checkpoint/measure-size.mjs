// All tools in turns, with one size of state.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { median } from '../lib/statistics.mjs';
import { evict, measureRawWrite, rawReads, writeContent } from './raw.mjs';
import { listTools } from './workers.mjs';

const rawReadsPerRound = 2;
/** MB. Disks of virtual machines have a budget, which later loads would take from the first. */
const largestRepeated = 200;

/** Tells `onRound` the figures of all rounds so far. */
export async function measureSize({ root, folder, megabytes, rounds, minutes, onRound }) {
  const bytes = megabytes * 1e6;
  const isHuge = megabytes >= 1000;
  const samples = createSamples();
  const savers = new Map();
  const measureTool = async (tool, round) => {
    const path = join(folder, `${tool.name.replaceAll(/\W+/g, '-')}.state`);
    const saver = savers.get(tool.name) ?? (await tool.startSaver());
    const { files, ...saved } = await saver.ask(path);
    samples.add({ action: 'save', name: tool.name }, { ...saved, version: saver.version });
    // All of them together would take more memory than many machines have.
    if (isHuge) await saver.stop();
    else savers.set(tool.name, saver);
    for (const restore of rotate(tool.restores, round)) {
      const measured = await measureRestore(restore, path, files, megabytes <= largestRepeated ? 3 : 1);
      if (measured !== undefined) samples.add({ action: 'restore', name: tool.name, into: restore.into }, measured);
    }
    for (const file of files) rmSync(file);
  };
  const measureRaw = () => {
    const [raw, content] = [join(folder, 'raw'), join(folder, 'content')];
    samples.add({ action: 'dd' }, { save: measureRawWrite(raw, bytes) });
    rmSync(raw);
    writeContent(content, bytes);
    for (let read = 0; read < (isHuge ? 1 : rawReadsPerRound); read++)
      for (const [way, measure] of Object.entries(rawReads)) {
        evict([content]);
        samples.add({ action: 'dd' }, { [way]: measure(content) });
      }
    rmSync(content);
  };
  const turns = [measureRaw, ...listTools(root, folder, megabytes).map((tool) => (round) => measureTool(tool, round))];
  const startedAt = performance.now();
  const isTimeLeft = (done) => {
    const passed = (performance.now() - startedAt) / 60_000;
    return done === 0 || passed + passed / done <= minutes;
  };
  try {
    for (let round = 0; round < rounds && isTimeLeft(round); round++) {
      process.stderr.write(`\r${megabytes} MB: round ${round + 1} of ${rounds} `);
      // Each round begins with another one, so that none always follows the same.
      for (const turn of rotate(turns, round)) await turn(round);
      onRound({ megabytes, rounds: round + 1, ...figuresOf(samples, bytes) });
    }
  } finally {
    process.stderr.write('\n');
    for (const saver of savers.values()) await saver.stop();
  }
}

const rotate = (list, by) => list.map((_, index) => list[(index + by) % list.length]);

const missing = new Set();

/** The first load of a new process, and a later one; undefined, said once, where it does not start. */
async function measureRestore({ into, start }, path, files, loads) {
  if (missing.has(into)) return undefined;
  let worker;
  try {
    worker = await start();
  } catch (error) {
    missing.add(into);
    console.error(
      `\nskipped: ${
        error.message
          .trim()
          .split('\n')
          .find((line) => /Error/.test(line)) ?? error.message
      }`,
    );
    return undefined;
  }
  const measured = { version: worker.version };
  for (let load = 0; load < loads; load++) {
    evict(files);
    const { seconds, extra_mb } = await worker.ask(path);
    if (load === 0) Object.assign(measured, { seconds, extra_mb });
    else if (load === loads - 1) measured.again = seconds;
  }
  await worker.stop();
  return measured;
}

function createSamples() {
  const rows = new Map();
  return {
    add: (row, values) => {
      const key = JSON.stringify(row);
      if (!rows.has(key)) rows.set(key, { ...row, values: {} });
      const own = rows.get(key).values;
      for (const [name, value] of Object.entries(values)) own[name] = [...(own[name] ?? []), value];
    },
    all: () => [...rows.values()],
  };
}

function figuresOf(samples, bytes) {
  const speed = (seconds) => seconds && round1(bytes / 1e6 / median(seconds));
  const rows = samples.all();
  const { save, cached, direct } = rows.find(({ action }) => action === 'dd').values;
  const describe = ({ name, into, values }) => ({
    tool: name,
    ...(into !== undefined && { into }),
    version: values.version[0],
    mb_per_s: speed(values.seconds),
    ...(values.again && { again_mb_per_s: speed(values.again) }),
    extra_mb: round1(Math.max(0, median(values.extra_mb))),
  });
  return {
    dd: { save_mb_per_s: speed(save), restore_mb_per_s: Math.max(speed(cached), speed(direct)) },
    saves: rows.filter(({ action }) => action === 'save').map(describe),
    restores: rows.filter(({ action }) => action === 'restore').map(describe),
  };
}

function round1(value) {
  return Math.round(value * 10) / 10;
}
