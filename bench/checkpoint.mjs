// Saves and restores the same float32 state with several tools in turns: npm run bench:checkpoint -- --help
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { measureSize } from './checkpoint/measure-size.mjs';
import { findFasterRead } from './checkpoint/raw.mjs';
import { measureStall } from './checkpoint/stalls.mjs';
import { renderCheckpointTable } from './checkpoint/table.mjs';
import { describeMachine } from './lib/machine.mjs';
import { setNice } from './lib/priority.mjs';
import { createRecorder, mergeRows } from './lib/record.mjs';
import { writeSection } from './lib/write-section.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const help = `npm run bench:checkpoint -- [flags]

Medians of interleaved rounds on the disk of --folder. A save counts until its files are flushed (fsync). Each restore begins with
the files out of the page cache, and in a process of its own that has loaded its code (it has restored a tiny state) and made
what it restores into, but has never restored that much: memory that loads before have left makes the third quick, which is
measured, too (up to 200 MB).

dd is the limit: one sequential write with conv=fsync, and one sequential read of the same file, through the page cache or past it,
whichever is faster here. It runs right before and right after each save and each restore; what counts is the median of each
round's own comparison. Restores into new arrays are compared with dd that reads the file as one block, too: the memory of new
arrays has to be touched first. Before each of all of these another process writes as much free memory as they may need: a virtual
machine gives it back to its host after some seconds, and has to wait for it again.

  --sizes <mb,…>    state in MB (100,500)
  --huge            2000 MB too, with one saver at a time in memory: 8 GB of it at most
  --huge-rounds <n> rounds of that size (3)
  --rounds <n>      rounds of each other size (6)
  --minutes <n>     for all sizes together (10): no round of a size begins, but the first (three of
                    small ones), that would end after its share of it
  --folder <path>   where to write (a folder in the temporary directory)
  --only-stalls     only how long the training stands still
  --no-write        leave bench/results/checkpoint.json and docs/checkpoints.md as they are

Each round is stored as soon as it is done; sizes that are not measured keep the results of the last run. --sizes '' --huge takes
only the 2000 MB.

Then the trainer's own way of saving: how long the training stands still, with a thread for the writing and without, of the same
sizes and of 4 MB. 2000 MB are beyond the memory of WebAssembly.

Python tools are measured when there are: TensorFlow in $SUPERVISE_PYTHON, torch and safetensors in
$SUPERVISE_SAFETENSORS_PYTHON (or the same).
`;
/** Bytes that dd reads, to find out how it does so faster. */
const triedBytes = 200e6;
/** A state whose save is mostly waiting for the disk: it is not compared with others. */
const smallMb = 4;
/** A small save varies by more than what is looked for, and a run of hours makes thousands. */
const smallRounds = 40;
const { values: flags } = parseArgs({
  options: {
    sizes: { type: 'string', default: '100,500' },
    huge: { type: 'boolean', default: false },
    'huge-rounds': { type: 'string', default: '3' },
    rounds: { type: 'string', default: '6' },
    minutes: { type: 'string', default: '10' },
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
    const compared = flags['only-stalls'] ? [] : sizes;
    const read = compared.length > 0 ? findFasterRead(join(folder, 'content'), triedBytes) : undefined;
    const startedAt = performance.now();
    const minutesLeft = () => Math.max(0, Number(flags.minutes) - (performance.now() - startedAt) / 60_000);
    for (const [index, size] of compared.entries())
      await measureSize({
        root,
        folder,
        megabytes: size,
        rounds: size < 1000 ? rounds : Number(flags['huge-rounds']),
        minutes: minutesLeft() * shareAmong(compared.slice(index)),
        read,
        onRound: (row) => add({ results: [row] }),
      });
    for (const size of [smallMb, ...sizes])
      for (const backend of size < 1000 ? ['wasm', 'tensorflow'] : ['tensorflow'])
        add({ stalls: await measureStall({ root, folder, megabytes: size, backend, rounds: stallRounds(size) }) });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  console.log(renderCheckpointTable(measured));
}

function stallRounds(megabytes) {
  if (megabytes <= smallMb) return smallRounds;
  return Number(megabytes < 1000 ? flags.rounds : flags['huge-rounds']);
}

/** The first size's share of the time for all: larger ones take longer, but starting all the processes takes as long for each. */
function shareAmong(sizes) {
  const [first, ...others] = sizes.map(Math.cbrt);
  return first / others.reduce((sum, each) => sum + each, first);
}

/** What was measured now, beside what was not. */
function addTo(before, report) {
  const results = mergeRows(before?.results, report.results, ({ megabytes }) => megabytes);
  const stalls = mergeRows(before?.stalls, report.stalls, ({ megabytes, backend }) => `${megabytes} ${backend}`);
  const bySize = (left, right) => left.megabytes - right.megabytes;
  return { ...before, ...report, results: results.sort(bySize), stalls: stalls.sort(bySize) };
}
