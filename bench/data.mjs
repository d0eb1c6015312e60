// Reads a data set of several gigabytes, and says what it costs in memory and waiting: npm run bench:data -- --help
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { evict } from './checkpoint/raw.mjs';
import { makeFiles } from './data/make-files.mjs';
import { readers } from './data/readers.mjs';
import { renderDataTable } from './data/table.mjs';
import { describeMachine } from './lib/machine.mjs';
import { writeSection } from './lib/write-section.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const help = `npm run bench:data -- [flags]

Makes TFRecord files of 1024 x 128 lines in --folder, and reads them by processes of their own, in turn: a small and a large
plain file and a compressed one, in the worker thread and without it, and by tf.data where $SUPERVISE_PYTHON has TensorFlow.
Waiting is measured against steps that keep the main thread busy for --step-ms. Files begin out of the page cache.

  --gigabytes <n>         size of the large plain file (10)
  --gzip-gigabytes <n>    uncompressed size of the compressed file (1)
  --steps <n>             steps of 4 lines that are read of each (250)
  --step-ms <n>           length of a step (50)
  --rounds <n>            rounds, of which medians are taken (3)
  --folder <path>         where to write (a folder in the temporary directory)
  --no-write              leave bench/results/data.json and docs/data.md as they are

It needs dist/ (npm run build), and as much room on the disk.
`;
const { values: flags } = parseArgs({
  options: {
    gigabytes: { type: 'string', default: '10' },
    'gzip-gigabytes': { type: 'string', default: '1' },
    steps: { type: 'string', default: '250' },
    'step-ms': { type: 'string', default: '50' },
    rounds: { type: 'string', default: '3' },
    folder: { type: 'string', default: tmpdir() },
    'no-write': { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
if (flags.help) process.stdout.write(help);
else await main();

async function main() {
  const folder = mkdtempSync(join(flags.folder, 'bench-data-'));
  const [steps, stepMs, rounds] = [flags.steps, flags['step-ms'], flags.rounds].map(Number);
  try {
    const files = await makeFiles(folder, Number(flags.gigabytes), Number(flags['gzip-gigabytes']));
    const samples = new Map();
    for (let round = 0; round < rounds; round++) {
      for (const { name, file, read } of readers()) {
        process.stderr.write(`\rround ${round + 1} of ${rounds}: ${name}, ${file}`.padEnd(60));
        evict([files[file]]);
        const sample = await read({ path: files[file], folder, steps, stepMs });
        const key = `${name}|${file}`;
        samples.set(key, [...(samples.get(key) ?? []), sample]);
      }
    }
    process.stderr.write('\n');
    const rows = [...samples].map(([key, all]) => {
      const [name, file] = key.split('|');
      return { name, file, gigabytes: round(statSync(files[file]).size / 1e9, 1), ...mediansOf(all) };
    });
    const report = { machine: describeMachine(), steps, stepMs, rounds, rows };
    const table = renderDataTable(report);
    console.log(table);
    if (flags['no-write']) return;
    writeFileSync(join(root, 'bench/results/data.json'), `${JSON.stringify(report, null, 2)}\n`);
    writeSection(join(root, 'docs/data.md'), 'bench:data', table);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function mediansOf(samples) {
  const median = (measure) => {
    const values = samples.map((sample) => sample[measure]).sort((left, right) => left - right);
    return values[Math.floor(values.length / 2)];
  };
  return {
    ...(samples[0].version && { version: samples[0].version }),
    open_ms: round(median('openMs'), 0),
    lines_per_s: round(median('linesPerSecond'), 0),
    wait_ms_per_step: round(median('waitMsPerStep'), 2),
    wait_percent: round(median('waitPercent'), 2),
    peak_rss_mb: round(median('peakRssMb'), 0),
    base_rss_mb: round(median('baseRssMb'), 0),
  };
}

function round(value, digits) {
  return Math.round(value * 10 ** digits) / 10 ** digits;
}
