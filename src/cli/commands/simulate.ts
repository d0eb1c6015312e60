import { existsSync } from 'node:fs';
import { loadExperiment, resolveRun } from '../../config/index.js';
import { ExitCode, runPaths, SuperviseError } from '../../protocol/index.js';
import {
  comparedPolicies,
  type MeasuredCosts,
  meanSecsBetweenFailures,
  measureCosts,
  type Prediction,
  predict,
  publishedClusters,
  runMtbfSecs,
  type Scenario,
  tryIntervals,
} from '../../simulation/index.js';
import { rulesOf } from '../../supervisor/resolve-rules.js';
import { readJournal } from '../../supervisor/shell/journal-writer.js';
import { autoIntervalSecs } from '../../trainer/loop/save-policy.js';
import { alignColumns, formatDuration } from '../format.js';
import { readSecs, readShare, readWhole, readWorkers } from '../simulate/read-figures.js';
import { experimentOf, settingOptions, settingsOf } from '../start-options.js';
import type { Command, CommandLine } from './command.js';

/** `supervise simulate`: what the policy of an experiment would make of machines that fail. */
export const simulate: Command = {
  name: 'simulate',
  operands: '<experiment.json> [flags]',
  about:
    "Predicts the goodput (training whose result stays, as a share of the time) of the experiment's restart and checkpoint\nsettings on machines that fail: the supervisor's own decisions, in simulated time. Epochs, start-up and failures are\ntaken from the run's journal where it has any. Times are written 90s, 20m or 3h. Starts nothing.",
  options: {
    workers: { type: 'string', describe: 'Numbers of GPUs, with commas (default: 1,64,1024,16384)' },
    'gpus-per-machine': { type: 'number', describe: 'GPUs that fail together (default: 8)' },
    mtbf: { type: 'string', describe: 'Mean time between failures of one machine' },
    cluster: { type: 'string', describe: `Failures as published: ${Object.keys(publishedClusters).join(', ')}` },
    shape: {
      type: 'number',
      describe: 'Shape of the Weibull distribution; below 1 failures come in bursts (default: 1)',
    },
    epoch: { type: 'string', describe: 'Time of an epoch (default: as in the journal, or 1h)' },
    start: { type: 'string', describe: 'From the relaunch to the first step (default: as in the journal, or 60s)' },
    'spare-start': { type: 'string', describe: 'The same from a warm spare (default: a fifth of it)' },
    stall: { type: 'string', describe: 'What a save keeps the training waiting (default: 1s)' },
    save: { type: 'string', describe: 'Until a save is on disk (default: 10s)' },
    heartbeat: { type: 'string', describe: 'Time between two signs of work (default: 10s)' },
    replace: { type: 'string', describe: 'Until a lost machine is replaced (default: 15m)' },
    unnoticed: { type: 'string', describe: 'Until a person notices a hang (default: 8h)' },
    hangs: { type: 'number', describe: 'Share of failures that are hangs (default: 0.1)' },
    lost: { type: 'number', describe: 'Share of failures that take a machine away (default: 0.2)' },
    runs: { type: 'number', describe: 'Simulated runs for each figure (default: 3)' },
    seed: { type: 'number', describe: 'Seed of the first one (default: 1)' },
    'try-intervals': { type: 'boolean', describe: 'Also look for the best checkpoint interval by trying; slow' },
    json: { type: 'boolean', describe: 'One JSON array, an object for each number of workers' },
    set: settingOptions.set,
  },
  mostOperands: 1,
  exitCodes: '0, 64 wrong usage, 78 the experiment is to be corrected',
  run: async (line) => {
    const path = experimentOf(line.parsed, 'supervise simulate');
    const loaded = loadExperiment({ path, flags: settingsOf({ ...line.parsed, seed: undefined }), env: process.env });
    const run = resolveRun(loaded, process.cwd());
    const measured = measureRun(runPaths(run.runDir).journal);
    const rules = rulesOf(loaded.config);
    const rows = readWorkers(line.text('workers') ?? '1,64,1024,16384').map((workers) => {
      const given = describeScenario(line, measured, loaded.config.epochs, workers);
      const scenario = { ...given, policy: { saving: 'auto', warmSpare: false, rules } } as const;
      return predictRow(workers, scenario, line);
    });
    print(line.flag('json') ? [JSON.stringify(rows, null, 2)] : describeRows(rows, measured));
    return ExitCode.ok;
  },
};

interface Row {
  readonly workers: number;
  readonly mtbf_secs: number;
  readonly auto_interval_secs: number;
  readonly tried_interval_secs?: number;
  readonly policies: readonly (Prediction & { readonly name: string })[];
}

function predictRow(workers: number, scenario: Scenario, { number, flag }: CommandLine): Row {
  const runs = readWhole('runs', number('runs') ?? 3);
  const { saveStallSecs: stallSecs, saveSecs: durationSecs } = scenario.costs;
  const mtbfSecs = runMtbfSecs(scenario);
  const autoSecs = autoIntervalSecs({ stallSecs, durationSecs, mtbfSecs });
  const policies = comparedPolicies(scenario.policy.rules).map(({ name, policy }) => ({
    name,
    ...predict({ ...scenario, policy }, runs),
  }));
  const [best] = flag('try-intervals') ? tryIntervals(scenario, autoSecs, runs) : [];
  return {
    workers,
    mtbf_secs: mtbfSecs,
    auto_interval_secs: autoSecs,
    ...(best !== undefined && { tried_interval_secs: best.intervalSecs }),
    policies,
  };
}

function describeScenario(
  { text, number }: CommandLine,
  measured: MeasuredCosts,
  epochs: number,
  workers: number,
): Omit<Scenario, 'policy'> {
  const secs = (name: string, usual: number) => readSecs(name, text(name), usual);
  const startSecs = secs('start', measured.startSecs ?? 60);
  const epochSecs = secs('epoch', measured.epochSecs ?? 3600);
  const count = Math.ceil(workers / readWhole('gpus-per-machine', number('gpus-per-machine') ?? 8));
  return {
    workload: { epochs, epochSecs },
    costs: {
      saveStallSecs: secs('stall', 1),
      saveSecs: secs('save', 10),
      prepareSecs: 0.01,
      startSecs,
      spareStartSecs: secs('spare-start', startSecs / 5),
      spareLoadSecs: startSecs,
      replaceSecs: secs('replace', 15 * 60),
      heartbeatSecs: secs('heartbeat', 10),
      unnoticedSecs: secs('unnoticed', 8 * 3600),
    },
    machines: {
      count,
      lifetime: {
        meanSecs: machineMtbfSecs(text('mtbf'), text('cluster'), measured),
        shape: readShape(number('shape')),
      },
      hangShare: readShare('hangs', number('hangs') ?? 0.1),
      lostShare: readShare('lost', number('lost') ?? 0.2),
    },
    seed: number('seed') ?? 1,
    mostSecs: mostLengthenings * epochs * epochSecs,
  };
}

/** A run that takes this many times as long as on machines that never fail is broken off. */
const mostLengthenings = 10;

/** As told; or as published; or as the run itself has seen it. */
function machineMtbfSecs(mtbf: string | undefined, cluster: string | undefined, measured: MeasuredCosts): number {
  if (mtbf !== undefined) return readSecs('mtbf', mtbf, 0);
  if (cluster === undefined && measured.failures >= fewFailures) return measured.workedSecs / measured.failures;
  const published = Object.entries(publishedClusters).find(([name]) => name === (cluster ?? 'llama3'))?.[1];
  if (published === undefined)
    throw new SuperviseError('USAGE', {
      what: `--cluster is ${cluster}`,
      expected: Object.keys(publishedClusters).join(', '),
    });
  return meanSecsBetweenFailures(published);
}

/** Fewer say too little. */
const fewFailures = 3;

function readShape(shape = 1): number {
  if (shape >= 0.2 && shape <= 10) return shape;
  throw new SuperviseError('USAGE', { what: `--shape is ${shape}`, expected: 'a number from 0.2 to 10' });
}

function measureRun(journal: string): MeasuredCosts {
  return measureCosts(existsSync(journal) ? readJournal(journal).entries : []);
}

function describeRows(rows: readonly Row[], measured: MeasuredCosts): string[] {
  const names = rows[0]?.policies.map(({ name }) => name) ?? [];
  const heads = ['workers', 'a failure every', 'checkpoints every', ...names];
  const share = ({ goodput, completedShare }: Prediction) =>
    `${(100 * goodput).toFixed(1)} %${completedShare < 1 ? ' *' : ''}`;
  const cells = rows.map((row) => [
    row.workers.toLocaleString('en'),
    formatDuration(row.mtbf_secs),
    `${formatDuration(row.auto_interval_secs)}${row.tried_interval_secs === undefined ? '' : ` (tried: ${formatDuration(row.tried_interval_secs)})`}`,
    ...row.policies.map(share),
  ]);
  const isUnfinished = rows.some(({ policies }) => policies.some(({ completedShare }) => completedShare < 1));
  const seen = measured.epochSecs === undefined ? [] : ['Epochs and start-up as in the journal of the run.'];
  return [
    'Goodput, predicted:',
    ...alignColumns([heads, ...cells]),
    ...(isUnfinished ? [`* not every run was completed within ${mostLengthenings} times its length`] : []),
    ...seen,
  ];
}

function print(lines: readonly string[]): void {
  process.stdout.write(lines.map((line) => `${line}\n`).join(''));
}
