// A run under mixed faults for a long time (`npm run soak -- --minutes 60`): memory and open files of the supervisor stay flat,
// nothing is left over, the records stay bounded, and the training ends exactly where it is to. Exits 1 when not.
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { drawFaults, faultNames } from '../dist/chaos/index.js';
import { openTensorFile } from '../dist/checkpoint/index.js';
import { runUnderFaults } from '../dist/cli/chaos/chaos-run.js';
import { describeRecord } from '../dist/cli/chaos/print-report.js';
import { loadExperiment, resolveRun } from '../dist/config/index.js';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
    'mean-secs': { type: 'string', default: '3' },
    keep: { type: 'boolean', default: false },
  },
});
const [minutes, seed, meanSecs] = [values.minutes, values.seed, values['mean-secs']].map(Number);
const trainer = resolve(import.meta.dirname, '../test/fixtures/trainers/trains-until-told.mjs');
// One supervisor is to live through it all, and the run is not to be given up; the rest takes another trainer.
const excluded = new Set(['supervisor-sigkill', 'both-sigkill', 'poison-batch', 'nan', 'data-vanishes']);
if (process.getuid?.() !== 0) excluded.add('disk-full');
const list = faultNames.filter((name) => !excluded.has(name));

const endingMinutes = 5;
const firstEpochsMs = 3000;
/** Fewer samples of the supervisor than this tell nothing of growth. */
const leastSamples = 20;

const root = mkdtempSync(join(tmpdir(), 'supervise-soak-'));
process.env['TMPDIR'] = join(root, 'tmp');
mkdirSync(process.env['TMPDIR']);
const go = join(root, 'go');
const runDir = join(root, 'soak');
const startMs = performance.now();
const elapsedMs = () => performance.now() - startMs;
const samples = [];
const sampling = setInterval(() => sample(), 1000);
const counts = new Map();
let problems = [];
try {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => stop.abort());
  setTimeout(
    () => {
      problems.push(`the run did not end within ${endingMinutes} minutes after its time was up`);
      stop.abort();
    },
    (minutes + endingMinutes) * 60_000,
  ).unref();
  const { epoch, weight, result } = await runUnderFaults(
    {
      ...{ name: 'soak', root, epochs: 10_000_000, faults: list, ...load() },
      ...{ patienceMs: 120_000, checkpointBytes: 100_000, signal: stop.signal },
      schedule: drawUntilTime(),
      onFault: (record) => {
        counts.set(record.fault, (counts.get(record.fault) ?? 0) + 1);
        const isGood = record.isInjected && record.isRecovered && record.objection === null;
        if (!isGood) problems.push(describeRecord(record).trim());
        console.log(`${String(Math.round(elapsedMs() / 1000)).padStart(5)} s${describeRecord(record)}`);
      },
    },
    (done) => ({ result: done, ...readEnd(done.scratch.checkpointDir) }),
  );
  clearInterval(sampling);
  problems = [...problems, ...judge(result, epoch, weight)];
} finally {
  clearInterval(sampling);
  if (values.keep) console.log(`Everything is in ${root}`);
  else rmSync(root, { recursive: true, force: true });
}
for (const problem of problems) console.log(`✗ ${problem}`);
console.log(problems.length === 0 ? 'soak: passed' : `soak: ${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;

function load() {
  const path = join(root, 'experiment.json');
  const experiment = {
    experiment_name: 'soak',
    epochs: 10_000_000,
    trainer: { command: [process.execPath, trainer], checkpoint_pattern: 'ckpt-{epoch}.safetensors', env: { GO: go } },
    // Longer than both stand still in a suspension (five seconds), and than a busy machine leaves a trainer without a processor.
    hang: { min_ms: 7000, max_ms: 10_000, startup_max_ms: 60_000, factor: 5 },
    restart: { initial_delay_ms: 1, max_delay_ms: 50, stop_grace_ms: 500 },
  };
  writeFileSync(path, JSON.stringify(experiment));
  const loaded = loadExperiment({ path, flags: {}, env: {} });
  return { loaded, run: resolveRun(loaded, root) };
}

/** When the time is up, the trainer is told to stop early: the run completes. */
function* drawUntilTime() {
  for (const next of drawFaults({ seed, faults: list, meanTimeBetweenMs: meanSecs * 1000 })) {
    if (elapsedMs() > minutes * 60_000) break;
    // A checkpoint that is spoilt is to have one before it.
    yield { ...next, atMs: next.atMs + firstEpochsMs };
  }
  writeFileSync(go, '');
}

/** Memory and open files of the supervisor. */
function sample() {
  try {
    const { supervisor_pid: pid } = JSON.parse(readFileSync(join(runDir, 'status.json'), 'utf8'));
    const rssMb = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;
    samples.push({ pid, rssMb, files: readdirSync(`/proc/${pid}/fd`).length });
  } catch {
    // It has not begun, or is over.
  }
}

function readEnd(checkpointDir) {
  const info = JSON.parse(readFileSync(join(checkpointDir, 'epoch_info.json'), 'utf8'));
  const file = openTensorFile(join(checkpointDir, info.checkpoint));
  const { data } = file.read('weight');
  file.close();
  return { epoch: info.last_completed_epoch, weight: Buffer.from(data).readDoubleLE(0) };
}

function judge(result, epoch, weight) {
  const quarter = (from, key) =>
    median(samples.slice((from * samples.length) / 4, ((from + 1) * samples.length) / 4).map((one) => one[key]));
  const [rssThen, rssNow] = [quarter(1, 'rssMb'), quarter(3, 'rssMb')];
  const [filesThen, filesNow] = [quarter(1, 'files'), quarter(3, 'files')];
  const names = readdirSync(runDir, { recursive: true }).map(String);
  const journals = names.filter((name) => /^journal.*\.jsonl$/.test(name));
  const journalMb = journals.reduce((sum, name) => sum + statSync(join(runDir, name)).size, 0) / 2 ** 20;
  const attempts = readdirSync(join(runDir, 'attempts')).length;
  const temporary = [
    ...names.filter((name) => /\.(tmp|new)$/.test(name) && !name.includes('quarantine')),
    ...readdirSync(process.env['TMPDIR']),
  ];
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  console.log(
    `\n${total} faults of ${counts.size} kinds in ${(elapsedMs() / 60_000).toFixed(1)} min, ${epoch} epochs, ${samples.length} samples of the supervisor:`,
  );
  console.log(`  memory      ${rssThen.toFixed(1)} MB in the second quarter, ${rssNow.toFixed(1)} MB in the last`);
  console.log(`  open files  ${filesThen} and ${filesNow}`);
  console.log(
    `  journal     ${journalMb.toFixed(2)} MB in ${journals.length} files; ${attempts} folders of attempts\n`,
  );
  const hasSamples = samples.length >= Math.min(leastSamples, minutes * 20);
  const pids = new Set(samples.map(({ pid }) => pid)).size;
  return [
    ...(result.exitCode === 0 ? [] : [`the run ended with exit code ${result.exitCode}: ${result.output.slice(-500)}`]),
    ...(pids === 1 ? [] : [`there were ${pids} supervisors, and should have been one`]),
    ...(hasSamples ? [] : [`only ${samples.length} samples of the supervisor could be taken`]),
    ...(rssNow > rssThen * 1.1 + 4 ? [`memory grew from ${rssThen} MB to ${rssNow} MB`] : []),
    ...(filesNow > filesThen + 2 ? [`open files grew from ${filesThen} to ${filesNow}`] : []),
    ...(journalMb <= 4 * 8.5 ? [] : [`the journal has ${journalMb} MB`]),
    ...(attempts <= 10 + 200 + 20 ? [] : [`there are ${attempts} folders of attempts`]),
    ...result.orphans.map((orphan) => `left behind: ${orphan}`),
    ...result.falseKills.map((entry) => `ended without a fault: ${JSON.stringify(entry)}`),
    ...temporary.map((name) => `a temporary file is left: ${name}`),
    ...(existsSync(join(runDir, 'lock')) ? ['the lock is still there'] : []),
    ...(Object.is(weight, trainTo(epoch))
      ? []
      : [`the weight after ${epoch} epochs is ${weight}, not ${trainTo(epoch)}`]),
  ];
}

/** What the trainer computes, without a break. */
function trainTo(epochs) {
  let [momentum, weight] = [0, 1];
  for (let epoch = 1; epoch <= epochs; epoch++)
    for (let step = 1; step <= 5; step++) {
      momentum = 0.9 * momentum + weight - 1 / epoch;
      weight -= 0.05 * momentum;
    }
  return weight;
}

function median(numbers) {
  const sorted = [...numbers].sort((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
