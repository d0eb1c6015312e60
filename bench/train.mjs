// Training steps of ours beside Python TensorFlow and PyTorch, in turns: npm run bench:train -- --help
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { describeMachine } from './lib/machine.mjs';
import { createRecorder, mergeRows } from './lib/record.mjs';
import { summarize } from './lib/statistics.mjs';
import { writeSection } from './lib/write-section.mjs';
import { hasCard, listPeers, runForJson, startPeer, whileWatchingCard } from './train/peers.mjs';
import { measureStarts } from './train/start.mjs';
import { renderTrainTable } from './train/table.mjs';

/** What the turns of one peer in one case may take, roughly: a whole run ends within a quarter of an hour. */
const patienceMs = 6_000;

const root = fileURLToPath(new URL('..', import.meta.url));
const help = `npm run bench:train -- [flags]

Medians of interleaved rounds of the same networks and steps: ours on native TensorFlow (captured and eager) and on wasm, Python
TensorFlow in graph mode, PyTorch eager and compiled; where nvidia-smi knows a card, WebGPU and PyTorch on it, too, and how much
of the time it computes. Then the time to the first step, what 1,000 steps and 20 saves leave
behind, and the part of an epoch that is no step. Needs dist/ (npm run build) and the native backend (npm run native).

  --cases <name,…>   of ${Object.keys(readCases()).join(', ')} (all that the machine can)
  --peers <key,…>    columns, by the keys of the JSON rows (all)
  --rounds <n>       rounds of each case (5); steps of many seconds are taken in one or two of them
  --parts <name,…>   of steps, start, flat (all)
  --json             JSON on stdout instead of the table: {machine, rows, start, flat}
  --no-write         leave bench/results/train.json and docs/backends.md as they are

It takes about ten minutes, and the results say how long each part took. Each case and part is stored as soon as it is measured;
what is not measured keeps the results of the last run. Python tools are measured when there are: TensorFlow in $SUPERVISE_PYTHON, PyTorch in $SUPERVISE_TORCH_PYTHON (python3).
`;
const { values: flags } = parseArgs({
  options: {
    cases: { type: 'string' },
    peers: { type: 'string' },
    rounds: { type: 'string', default: '5' },
    parts: { type: 'string', default: 'steps,start,flat' },
    json: { type: 'boolean', default: false },
    'no-write': { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
if (flags.help) process.stdout.write(help);
else await main();

async function main() {
  const parts = flags.parts.split(',');
  const report = { machine: describeMachine(), rounds: Number(flags.rounds), secs: {} };
  const record = createRecorder({
    root,
    name: 'train',
    merge: addTo,
    publish: (whole) => writeSection(join(root, 'docs/backends.md'), 'bench:train', renderTrainTable(whole)),
    isKept: !flags['no-write'],
  });
  const measure = async (name, take, add) => {
    const startedAtMs = performance.now();
    add(await take());
    report.secs[name] = Math.round((performance.now() - startedAtMs) / 1000);
    record(report);
  };
  if (parts.includes('steps'))
    for (const name of flags.cases?.split(',') ?? defaultCases())
      await measure(
        name,
        () => measureCase(name),
        (row) => {
          // Whoever stops the bench has what was measured so far.
          process.stderr.write(`${JSON.stringify(row)}\n`);
          report.rows = [...(report.rows ?? []), row];
        },
      );
  if (parts.includes('start'))
    await measure(
      'start',
      () => measureStarts(root, ['tensorflow', 'wasm'], 3),
      (samples) => {
        report.start = summaries(samples);
      },
    );
  if (parts.includes('flat'))
    await measure('flat', measureFlat, (flat) => {
      report.flat = flat;
    });
  console.log(flags.json ? JSON.stringify(report, null, 2) : renderTrainTable(report));
}

/** All peers stand ready, and take their turns; one that waits for its turn computes nothing. */
async function measureCase(name) {
  const peers = [];
  const leftOut = {};
  const withCard = hasCard();
  const wanted = listPeers(root)
    .filter(({ key }) => flags.peers?.split(',').includes(key) ?? true)
    .filter(({ isOnCard = false }) => (isOnCard ? withCard : !readCases()[name].onCard));
  for (const peer of wanted) {
    process.stderr.write(`${name}: ${peer.title} …\n`);
    const started = await startPeer(peer, name);
    if (started.leftOut === undefined) peers.push(started);
    else leftOut[started.key] = started.leftOut;
  }
  const samples = Object.fromEntries(peers.map(({ key }) => [key, []]));
  const utilisation = {};
  try {
    const turns = new Map();
    for (const peer of peers) turns.set(peer, planTurns(peer.ready.stepMs));
    for (let round = 0; round < Number(flags.rounds); round++) {
      process.stderr.write(`${name}: round ${round + 1} of ${flags.rounds}\n`);
      // Each round begins with another one, so that none always follows the same.
      for (let turn = 0; turn < peers.length; turn++) {
        const peer = peers[(turn + round) % peers.length];
        const { rounds, warmups, steps } = turns.get(peer);
        if (round >= rounds) continue;
        const take = () => peer.step(warmups + steps);
        const { result, percent } = peer.isOnCard ? await whileWatchingCard(take) : { result: await take() };
        samples[peer.key].push(...result.slice(warmups));
        if (percent !== undefined) utilisation[peer.key] = Math.max(utilisation[peer.key] ?? 0, Math.round(percent));
      }
    }
  } finally {
    for (const peer of peers) peer.stop();
  }
  const { title } = readCases()[name];
  const parameters = Object.fromEntries(peers.map(({ key, ready }) => [key, ready.parameters]));
  const versions = Object.fromEntries(peers.map(({ key, ready }) => [key, ready.device]));
  const figures = Object.fromEntries(Object.entries(samples).map(([key, ms]) => [key, summarize(ms).median]));
  const steps = Object.fromEntries(Object.entries(samples).map(([key, ms]) => [key, ms.length]));
  return { case: name, title, ...figures, steps, parameters, versions, utilisation, left_out: leftOut };
}

/**
 * About half a second for each turn, whose first step warms it up where that costs little. Slow ones take fewer turns:
 * a whole run has to end in minutes.
 */
function planTurns(stepMs) {
  const steps = Math.min(20, Math.max(1, Math.round(500 / stepMs)));
  const warmups = stepMs < 1000 ? 1 : 0;
  const rounds = Math.max(stepMs < patienceMs ? 2 : 1, Math.floor(patienceMs / ((steps + warmups) * stepMs)));
  return { rounds, warmups, steps };
}

/** Some are too large for anything but a card. */
function defaultCases() {
  const withCard = hasCard();
  return Object.entries(readCases()).flatMap(([name, { onCard }]) => (onCard && !withCard ? [] : [name]));
}

/** What was measured now, beside what was not. */
function addTo(before, report) {
  const rows = mergeRows(before?.rows, report.rows, (row) => row.case);
  const inOrder = Object.keys(readCases()).flatMap((name) => rows.filter((row) => row.case === name));
  return { ...before, ...report, rows: inOrder, secs: { ...before?.secs, ...report.secs } };
}

function measureFlat() {
  const measured = ['tensorflow', 'wasm'].flatMap((backend) => {
    process.stderr.write(`1,000 steps and 20 saves on ${backend} …\n`);
    const script = join(root, 'bench/train/flat.mjs');
    const found = runForJson(process.execPath, ['--expose-gc', script, backend, '1', '20', '50']);
    return found === undefined ? [] : [[backend, found]];
  });
  return Object.fromEntries(measured);
}

function summaries(samples) {
  return Object.fromEntries(Object.entries(samples).map(([name, values]) => [name, summarize(values)]));
}

function readCases() {
  return JSON.parse(readFileSync(new URL('train/cases.json', import.meta.url), 'utf8'));
}
