// Useful time over wall time, under the same seeded faults, beside what people use: npm run bench:goodput -- --help
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { findPython, listContenders } from './goodput/contenders.mjs';
import { drawPicture } from './goodput/picture.mjs';
import { predictMeasured } from './goodput/predict.mjs';
import { printReport, writeDocs } from './goodput/report.mjs';
import { faultNames, runFault } from './goodput/run-fault.mjs';
import { runKills } from './goodput/run-kills.mjs';
import { describeMachine } from './lib/machine.mjs';
import { findPeers } from './lib/peers.mjs';
import { setNice } from './lib/priority.mjs';
import { runProgram } from './lib/run-program.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const help = `npm run bench:goodput -- [flags]

Trains the quickstart under supervise and under what people use instead, with the trainer killed by the same seeded schedule;
then a PyTorch trainer under supervise, torchrun, Lightning and the others; then hangs, torn checkpoints, full disks and NaN.
Writes bench/results/goodput.json, docs/goodput.md and docs/images/goodput.svg.

  --seconds <n>        measured time of each run, from its first step (180)
  --every <n>          mean time between kills, seconds (60)
  --seed <n>           seed of the schedule (51)
  --lanes <n>          runs side by side (1): more share the processors
  --nice <n>           priority of all of them, below 0 for root only (-19)
  --only <a,b>         these contenders only
  --phases <a,b>       kills,torch,faults; the others keep what is stored, by the same schedule
  --quick              a few minutes: 45 seconds, a kill every 15, no faults; implies --no-write
  --draw               only docs and picture, from the results that are there
  --no-install         take only peers that are there
  --no-write           leave results, docs and picture as they are
  --no-build           take dist/ as it is
`;

const { values: flags } = parseArgs({
  options: {
    seconds: { type: 'string' },
    every: { type: 'string' },
    seed: { type: 'string', default: '51' },
    lanes: { type: 'string', default: '1' },
    nice: { type: 'string', default: '-19' },
    only: { type: 'string' },
    phases: { type: 'string' },
    quick: { type: 'boolean', default: false },
    draw: { type: 'boolean', default: false },
    'no-install': { type: 'boolean', default: false },
    'no-write': { type: 'boolean', default: false },
    'no-build': { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

if (flags.help) process.stdout.write(help);
else await main();

async function main() {
  if (!flags.draw) setNice(Number(flags.nice));
  const results = join(root, 'bench/results/goodput.json');
  if (!flags['no-build']) runProgram(process.execPath, [join(root, 'scripts/build.mjs')], root);
  if (!flags.draw) {
    const report = await measure(readStored(results));
    printReport(report);
    if (flags['no-write'] || flags.quick) return;
    mkdirSync(join(root, 'bench/results'), { recursive: true });
    writeFileSync(results, `${JSON.stringify(report, null, 1)}\n`);
  }
  const report = JSON.parse(readFileSync(results, 'utf8'));
  writeDocs(root, report);
  mkdirSync(join(root, 'docs/images'), { recursive: true });
  writeFileSync(join(root, 'docs/images/goodput.svg'), drawPicture(report));
}

function readStored(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

/** Phases that are not measured keep what is stored of them, if it was measured by the same schedule. */
async function measure(stored) {
  const { planFaults } = await import('../dist/chaos/schedule.js');
  const windowMs = 1000 * Number(flags.seconds ?? (flags.quick ? 45 : 180));
  const everyMs = 1000 * Number(flags.every ?? (flags.quick ? 15 : 60));
  const phases = (flags.phases ?? (flags.quick ? 'kills,torch' : 'kills,torch,faults')).split(',');
  const schedule = { seed: Number(flags.seed), faults: ['sigkill'], meanTimeBetweenMs: everyMs, lengthMs: windowMs };
  const timesMs = planFaults(schedule).map(({ atMs }) => Math.round(atMs));
  console.log(`kills at ${timesMs.map((ms) => `${(ms / 1000).toFixed(0)} s`).join(', ')} of ${windowMs / 1000} s`);
  const peers = findPeers({ install: !flags['no-install'] });
  const python = findPython({ install: !flags['no-install'] });
  if (python.torch === undefined)
    console.log('skipped: torch, torchrun, Lightning: no Python with PyTorch (SUPERVISE_TORCH_PYTHON)');
  const wanted = flags.only?.split(',');
  const contenders = listContenders(peers, python).filter(({ id }) => wanted === undefined || wanted.includes(id));
  const scratch = mkdtempSync(join(tmpdir(), 'supervise-goodput-'));
  try {
    const options = { mtbfMs: everyMs, stepMs: 100 };
    const measureAll = (trainer, extra = {}, isMeasured = () => true) =>
      inLanes(
        contenders.filter((contender) => contender.trainer === trainer && isMeasured(contender)),
        async (contender) => {
          const figures = await runKills({ contender, scratch, timesMs, windowMs, options: { ...options, ...extra } });
          console.log(`${contender.title}: goodput ${figures.goodput.toFixed(3)}`);
          return { id: contender.id, title: contender.title, ...figures };
        },
      );
    const isSame = stored?.seed === schedule.seed && stored.every_ms === everyMs && stored.window_ms === windowMs;
    const kept = { kills: [], torch: [], predicted: {}, ...(isSame && stored) };
    const isKilled = phases.includes('kills');
    const kills = isKilled ? await measureAll('reference') : kept.kills;
    const stepMs = kills.length > 0 ? Math.min(...kills.map(({ step_ms }) => step_ms)) : options.stepMs;
    const isMeasured = ({ id }) => wanted !== undefined || !othersWithTorch.includes(id);
    const isTorch = phases.includes('torch');
    const torch = isTorch ? await measureAll('torch', { stepMs }, isMeasured) : kept.torch;
    const faults = phases.includes('faults')
      ? await measureFaults({ contenders, scratch, options })
      : (stored?.faults ?? []);
    const predicted = isKilled ? await predictMeasured({ kills, everyMs, windowMs, timesMs }) : kept.predicted;
    const lanes = Number(flags.lanes);
    return {
      machine: {
        ...describeMachine(),
        lanes: isKilled ? lanes : (kept.machine?.lanes ?? lanes),
        torch_lanes: isTorch ? lanes : kept.machine?.torch_lanes,
      },
      seed: schedule.seed,
      every_ms: everyMs,
      window_ms: windowMs,
      times_ms: timesMs,
      kills,
      torch,
      faults,
      predicted,
    };
  } finally {
    rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** They restart any program alike: one of them stands for all where the time is measured. */
const othersWithTorch = ['pm2-torch', 'supervisord-torch', 'runit-torch'];

/** All contenders at once: only whether a run goes on counts here. Steps are short, so that epochs are. */
async function measureFaults({ contenders, scratch, options }) {
  const few = contenders.filter(({ trainer, id }) => trainer === 'torch' && id !== 'lightning');
  const rows = few.map(({ id, title }) => ({ id, title, faults: {} }));
  for (const fault of faultNames) {
    if (fault === 'disk full' && process.getuid?.() !== 0) {
      console.log('skipped: disk full needs root, for a small disk of its own');
      continue;
    }
    await inLanes(
      few,
      async (contender) => {
        const outcome = await runFault({
          contender,
          fault,
          scratch,
          options: { ...options, stepMs: 15 },
          patienceMs: 45_000,
        });
        rows.find(({ id }) => id === contender.id).faults[fault] = outcome;
        console.log(`${fault}: ${contender.title}: ${outcome.survived ? 'survived' : 'not survived'}`);
      },
      few.length,
    );
  }
  return rows;
}

/** Works on a list, some side by side; a worker that throws ends the bench. */
async function inLanes(items, work, lanes = Number(flags.lanes)) {
  const results = [];
  let next = 0;
  const lane = async () => {
    while (next < items.length) {
      const index = next++;
      results[index] = await work(items[index]);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return results;
}
