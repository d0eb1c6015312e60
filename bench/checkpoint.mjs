// Saves and restores the same float32 state with several tools in turns: npm run bench:checkpoint -- --help
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { evict, measureRawWrite, rawReads, writeContent } from './checkpoint/raw.mjs';
import { measureStall } from './checkpoint/stalls.mjs';
import { renderCheckpointTable } from './checkpoint/table.mjs';
import { listWorkers } from './checkpoint/workers.mjs';
import { describeMachine } from './lib/machine.mjs';
import { setNice } from './lib/priority.mjs';
import { createRecorder, mergeRows } from './lib/record.mjs';
import { median } from './lib/statistics.mjs';
import { writeSection } from './lib/write-section.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const help = `npm run bench:checkpoint -- [flags]

Medians of interleaved rounds on the disk of --folder. A save counts until its files are flushed (fsync); a restore begins with
the files out of the page cache, and is repeated twice. dd is the limit: one sequential write with conv=fsync, and one
sequential read of noise, through the page cache or past it, whichever is faster.

  --sizes <mb,…>    state in MB (100,500)
  --huge            2000 MB too, in 2 rounds, with one tool at a time in memory: 8 GB of it at most
  --rounds <n>      rounds of each other size (7)
  --minutes <n>     no round of a size begins, but the first, that would end later than that after its beginning (8)
  --folder <path>   where to write (a folder in the temporary directory)
  --only-stalls     only how long the training stands still
  --no-write        leave bench/results/checkpoint.json and docs/checkpoints.md as they are

Each round is stored as soon as it is done; sizes that are not measured keep the results of the last run. --sizes '' --huge takes
only the 2000 MB.

Then the trainer's own way of saving: how long the training stands still, with a thread for the writing and without.

Python tools are measured when there are: TensorFlow in $SUPERVISE_PYTHON, torch and safetensors in
$SUPERVISE_SAFETENSORS_PYTHON (or the same).
`;
const hugeRounds = 2;
const restoresPerSave = 3;
const { values: flags } = parseArgs({
  options: {
    sizes: { type: 'string', default: '100,500' },
    huge: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '7' },
    minutes: { type: 'string', default: '8' },
    folder: { type: 'string', default: tmpdir() },
    'only-stalls': { type: 'boolean', default: false },
    'no-write': { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
if (flags.help) process.stdout.write(help);
else await main();

async function main() {
  setNice(-20);
  execFileSync(process.execPath, [join(root, 'scripts/build.mjs')], { stdio: ['ignore', 'ignore', 'inherit'] });
  const folder = mkdtempSync(join(flags.folder, 'bench-checkpoint-'));
  const sizes = [...(flags.sizes === '' ? [] : flags.sizes.split(',').map(Number)), ...(flags.huge ? [2000] : [])];
  const machine = describeMachine();
  const rounds = Number(flags.rounds);
  const record = createRecorder({
    root,
    name: 'checkpoint',
    merge: addTo,
    publish: (whole) =>
      writeSection(join(root, 'docs/checkpoints.md'), 'bench:checkpoint', renderCheckpointTable(whole)),
    isKept: !flags['no-write'],
  });
  let measured = { machine, rounds, results: [], stalls: [] };
  const add = (more) => {
    const dated = ({ results = [], stalls = [] }) => ({
      results: results.map((row) => ({ ...row, date: machine.date })),
      stalls: stalls.map((row) => ({ ...row, date: machine.date })),
    });
    measured = addTo(measured, { machine, rounds, ...dated(more) });
    record(measured);
  };
  try {
    for (const size of flags['only-stalls'] ? [] : sizes)
      await measureSize(folder, size, size < 1000 ? rounds : hugeRounds, (row) => add({ results: [row] }));
    for (const size of sizes.filter((megabytes) => megabytes < 1000))
      for (const backend of ['wasm', 'tensorflow'])
        add({ stalls: measureStall({ root, folder, megabytes: size, backend, rounds }) });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  console.log(renderCheckpointTable(measured));
}

/** What was measured now, beside what was not. */
function addTo(before, report) {
  const results = mergeRows(before?.results, report.results, ({ megabytes }) => megabytes);
  const stalls = mergeRows(before?.stalls, report.stalls, ({ megabytes, backend }) => `${megabytes} ${backend}`);
  const bySize = (left, right) => left.megabytes - right.megabytes;
  return { ...before, ...report, results: results.sort(bySize), stalls: stalls.sort(bySize) };
}

/** Tells `onRound` the figures of all rounds so far. */
async function measureSize(folder, megabytes, rounds, onRound) {
  const bytes = megabytes * 1e6;
  const listed = listWorkers(root, megabytes);
  const versions = new Map();
  const start = async ({ name, start: begin }) => {
    const worker = await begin();
    versions.set(name, worker.version);
    return worker;
  };
  const held = new Map();
  if (megabytes < 1000) for (const each of listed) held.set(each.name, await start(each));
  const measureTool = async (each) => {
    const worker = held.get(each.name) ?? (await start(each));
    await measureWorker(worker, folder, add);
    // All of them together would take more memory than many machines have.
    if (!held.has(each.name)) await worker.stop();
  };
  const samples = new Map();
  const add = (name, measure, value) => {
    const own = samples.get(name) ?? {};
    samples.set(name, { ...own, [measure]: [...(own[measure] ?? []), value] });
  };
  const startedAt = performance.now();
  const isTimeLeft = (done) => {
    const minutes = (performance.now() - startedAt) / 60_000;
    return done === 0 || minutes + minutes / done <= Number(flags.minutes);
  };
  try {
    for (let round = 0; round < rounds && isTimeLeft(round); round++) {
      process.stderr.write(`\r${megabytes} MB: round ${round + 1} of ${rounds} `);
      const raw = join(folder, 'raw');
      const content = join(folder, 'content');
      const measureRaw = () => {
        add('dd', 'save', measureRawWrite(raw, bytes));
        rmSync(raw);
        writeContent(content, bytes);
        // Disks of virtual machines have a budget, which the tools need too.
        for (let read = 0; read < (megabytes < 1000 ? restoresPerSave : 1); read++)
          for (const [way, measure] of Object.entries(rawReads)) {
            evict([content]);
            add('dd', way, measure(content));
          }
        rmSync(content);
      };
      const turns = [measureRaw, ...listed.map((each) => () => measureTool(each))];
      // Each round begins with another one, so that none always follows the same.
      for (let turn = 0; turn < turns.length; turn++) await turns[(turn + round) % turns.length]();
      onRound({ megabytes, rounds: round + 1, figures: figuresOf(samples, versions, bytes) });
    }
  } finally {
    process.stderr.write('\n');
    for (const worker of held.values()) await worker.stop();
  }
}

function figuresOf(samples, versions, bytes) {
  const { cached, direct } = samples.get('dd');
  const limit = median(cached) <= median(direct) ? cached : direct;
  const figures = {};
  for (const name of ['dd', ...versions.keys()]) {
    const { restore = limit, ...own } = samples.get(name);
    figures[name] = {
      ...(versions.has(name) && { version: versions.get(name) }),
      save_mb_per_s: round1(bytes / 1e6 / median(own.save)),
      restore_mb_per_s: round1(bytes / 1e6 / median(restore)),
      ...(own.saveExtra && { save_extra_mb: round1(Math.max(0, median(own.saveExtra))) }),
      ...(own.restoreExtra && { restore_extra_mb: round1(Math.max(0, median(own.restoreExtra))) }),
    };
  }
  return figures;
}

async function measureWorker(worker, folder, add) {
  const path = join(folder, `${worker.name.replaceAll(/\W+/g, '-')}.state`);
  const saved = await worker.ask('save', path);
  add(worker.name, 'save', saved.seconds);
  add(worker.name, 'saveExtra', saved.extra_mb);
  for (let read = 0; read < restoresPerSave; read++) {
    evict(saved.files);
    const restored = await worker.ask('restore', path);
    add(worker.name, 'restore', restored.seconds);
    add(worker.name, 'restoreExtra', restored.extra_mb);
  }
  for (const file of saved.files) rmSync(file);
}

function round1(value) {
  return Math.round(value * 10) / 10;
}
