// Useful time over wall time, under the same seeded faults, beside what people use: npm run bench:goodput -- --help
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
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
import { createRecorder, mergeRows, readResults } from './lib/record.mjs';
import { runProgram } from './lib/run-program.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const faultWords = faultNames.map((name) => name.toLowerCase().replaceAll(' ', '-'));
const help = `npm run bench:goodput -- [flags]

Trains the quickstart under supervise and under what people use instead, with the trainer killed by the same seeded schedule;
then a PyTorch trainer under supervise, torchrun, Lightning and the others; then hangs, torn checkpoints, full disks and NaN.
Writes bench/results/goodput.json, docs/goodput.md and docs/images/goodput.svg after each run and fault; what is not measured
keeps what is stored of it, if it was measured by the same schedule.

  --seconds <n>        measured time of each run, from its first step (180)
  --every <n>          mean time between kills, seconds (60)
  --seed <n>           seed of the schedule (51)
  --lanes <n>          runs side by side (1): more share the processors
  --nice <n>           priority of all of them, below 0 for root only (-19)
  --only <a,b>         these contenders only
  --phases <a,b>       kills,torch,faults
  --faults <a,b>       of ${faultWords.join(',')} (all)
  --patience <n>       seconds that a run has to go on after a fault (90): more where much else runs
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
    faults: { type: 'string', default: faultWords.join() },
    patience: { type: 'string', default: '90' },
    quick: { type: 'boolean', default: false },
    draw: { type: 'boolean', default: false },
    'no-install': { type: 'boolean', default: false },
    'no-write': { type: 'boolean', default: false },
    'no-build': { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

/** They restart any program alike: one of them stands for all where the time is measured. */
const othersWithTorch = ['pm2-torch', 'supervisord-torch', 'runit-torch'];

/** What they survive, others survive by the same means. */
const onlyUnderKills = ['lightning', 'supervise-torch-spare'];

if (flags.help) process.stdout.write(help);
else await main();

async function main() {
  if (!flags.draw) setNice(Number(flags.nice));
  if (!flags['no-build']) runProgram(process.execPath, [join(root, 'scripts/build.mjs')], root);
  if (flags.draw) return publish(readResults(root, 'goodput'));
  const isKept = !flags['no-write'] && !flags.quick;
  printReport(await measure(createRecorder({ root, name: 'goodput', merge: addTo, publish, isKept })));
}

function publish(report) {
  writeDocs(root, report);
  mkdirSync(join(root, 'docs/images'), { recursive: true });
  writeFileSync(join(root, 'docs/images/goodput.svg'), drawPicture(report));
}

/** What was measured now, beside what was not; runs under kills only beside those by the same schedule. */
function addTo(before, report) {
  const hasRuns = report.kills.length + report.torch.length > 0;
  const isKept = !hasRuns || ['seed', 'every_ms', 'window_ms'].every((key) => before?.[key] === report[key]);
  const kept = { machine: {}, kills: [], torch: [], faults: before?.faults, predicted: {}, ...(isKept && before) };
  const { lanes, torch_lanes, ...machine } = report.machine;
  return {
    ...report,
    ...(!hasRuns && pick(kept, ['seed', 'every_ms', 'window_ms', 'times_ms'])),
    machine: {
      ...machine,
      lanes: report.kills.length > 0 ? lanes : (kept.machine.lanes ?? lanes),
      torch_lanes: report.torch.length > 0 ? torch_lanes : kept.machine.torch_lanes,
    },
    kills: mergeRows(kept.kills, report.kills),
    torch: mergeRows(kept.torch, report.torch),
    faults: mergeRows(
      kept.faults,
      report.faults.map((row) => {
        const known = kept.faults?.find(({ id }) => id === row.id)?.faults;
        return { ...row, faults: { ...known, ...row.faults } };
      }),
    ),
    predicted: { ...kept.predicted, ...report.predicted },
  };
}

function pick(object, keys) {
  return Object.fromEntries(keys.flatMap((key) => (key in object ? [[key, object[key]]] : [])));
}

/** Measures what the flags say; `record` is told the figures after each part, and gives them back with those that are stored. */
async function measure(record) {
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
    const lanes = Number(flags.lanes);
    let measured = {
      machine: { ...describeMachine(), lanes, torch_lanes: lanes },
      seed: schedule.seed,
      every_ms: everyMs,
      window_ms: windowMs,
      times_ms: timesMs,
      kills: [],
      torch: [],
      faults: [],
      predicted: {},
    };
    const add = (more) => {
      measured = { ...measured, ...more };
      return record(measured);
    };
    const measureAll = (phase, trainer, extra = {}, isMeasured = () => true) =>
      inLanes(
        contenders.filter((contender) => contender.trainer === trainer && isMeasured(contender)),
        async (contender) => {
          const figures = await runKills({ contender, scratch, timesMs, windowMs, options: { ...options, ...extra } });
          console.log(`${contender.title}: goodput ${figures.goodput.toFixed(3)}`);
          add({ [phase]: [...measured[phase], { id: contender.id, title: contender.title, ...figures }] });
        },
      );
    if (phases.includes('kills')) {
      await measureAll('kills', 'reference');
      add({ predicted: await predictMeasured({ kills: measured.kills, everyMs, windowMs, timesMs }) });
    }
    if (phases.includes('torch')) {
      const { kills } = record(measured);
      const stepMs = kills.length > 0 ? Math.min(...kills.map(({ step_ms }) => step_ms)) : options.stepMs;
      const isMeasured = ({ id }) => wanted !== undefined || !othersWithTorch.includes(id);
      await measureAll('torch', 'torch', { stepMs }, isMeasured);
    }
    if (phases.includes('faults'))
      await measureFaults({ contenders, scratch, options, onFault: (faults) => add({ faults }) });
    return record(measured);
  } finally {
    rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** By the words on the command line. */
function chosenFaults() {
  return flags.faults.split(',').map((word) => {
    const index = faultWords.indexOf(word.toLowerCase());
    if (index < 0) throw new Error(`--faults ${word}: expected one of ${faultWords.join(', ')}`);
    return faultNames[index];
  });
}

/** All contenders at once: only whether a run goes on counts here. Steps are short, so that epochs are. */
async function measureFaults({ contenders, scratch, options, onFault }) {
  const few = contenders.filter(({ trainer, id }) => trainer === 'torch' && !onlyUnderKills.includes(id));
  const rows = few.map(({ id, title }) => ({ id, title, faults: {} }));
  for (const fault of chosenFaults()) {
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
          patienceMs: 1000 * Number(flags.patience),
        });
        rows.find(({ id }) => id === contender.id).faults[fault] = outcome;
        console.log(`${fault}: ${contender.title}: ${outcome.survived ? 'survived' : 'not survived'}`);
      },
      few.length,
    );
    onFault(rows);
  }
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
