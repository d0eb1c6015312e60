import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import {
  type ChaosReport,
  type ChaosRun,
  faults as catalogue,
  drawFaults,
  faultNames,
  findShortcomings,
  renderPage,
} from '../../chaos/index.js';
import { ExitCode, writeFileAtomic } from '../../protocol/index.js';
import { runUnderFaults } from '../chaos/chaos-run.js';
import { judgeRun } from '../chaos/judge-run.js';
import { describeRecord, describeReport, formatMs } from '../chaos/print-report.js';
import { readCount, readDuration, readFaults, usualFaults } from '../chaos/read-options.js';
import { listenForStop } from '../chaos/stop.js';
import { alignColumns } from '../format.js';
import { loadOriginal } from '../scratch/load-original.js';
import { describeFailure, layScratchRun, startScratch } from '../scratch/scratch-run.js';
import { settingOptions } from '../start-options.js';
import type { Command } from './command.js';

/** Exit code when something did not come as it is to be. */
const notPassed = 1;
const usualEpochs = 5;
const usualMean = '20s';
const usualPatience = '5m';

/** `supervise chaos`: runs of the experiment under a schedule of faults, and what came of them. */
export const chaos: Command = {
  name: 'chaos',
  operands: '<experiment.json> [flags]',
  about:
    'Trains the experiment in a scratch folder beside its run directory: once unbroken, and then --runs times under faults\nthat come at random times of a seeded schedule. The run itself is not touched. docs/faults.md lists the faults,\ndocs/chaos.md explains the report. Ctrl-C ends it, and what is known by then is reported.',
  options: {
    faults: {
      type: 'string',
      describe: `Names of docs/faults.md with commas between them, or all (default: ${usualFaults.join(',')})`,
    },
    'mean-time-between': { type: 'string', describe: `Mean time between faults (default: ${usualMean})` },
    seed: { type: 'number', describe: 'Seed of the schedule (default: 1)' },
    runs: { type: 'number', describe: 'Runs under faults, one after the other (default: 1)' },
    epochs: {
      type: 'number',
      describe: `Epochs of each run (default: ${usualEpochs}, or those of the experiment if fewer)`,
    },
    patience: {
      type: 'string',
      describe: `How long a fault may take to be recovered from (default: ${usualPatience})`,
    },
    tolerance: { type: 'number', describe: 'Largest absolute difference that counts as the same state (default: 0)' },
    out: { type: 'string', describe: 'Folder for report.json and report.html (default: <run directory>.chaos)' },
    keep: { type: 'boolean', describe: 'Keep the scratch folder' },
    json: { type: 'boolean', describe: 'Print the report as JSON instead of the table' },
    list: { type: 'boolean', describe: 'Name every fault with what it does, and stop' },
    backend: settingOptions.backend,
    set: settingOptions.set,
  },
  mostOperands: 1,
  exitCodes:
    '0 everything came as it is to be, 1 not everything, 69 the unbroken run did not complete, 75 interrupted, 78 wrong configuration',
  run: async ({ parsed, flag, number, text }) => {
    if (flag('list')) return listFaults();
    const { loaded, run } = loadOriginal(parsed, 'supervise chaos', ['seed', 'epochs']);
    const faults = readFaults(text('faults') ?? usualFaults.join(','));
    const meanTimeBetweenMs = readDuration('mean-time-between', text('mean-time-between') ?? usualMean);
    const patienceMs = readDuration('patience', text('patience') ?? usualPatience);
    const epochs = readCount('epochs', number('epochs') ?? Math.min(usualEpochs, loaded.config.epochs));
    const runs = readCount('runs', number('runs') ?? 1);
    const [seed, tolerance] = [number('seed') ?? 1, number('tolerance') ?? 0];
    const out = resolve(text('out') ?? `${run.runDir}.chaos`);
    const tell = (line: string) => process.stderr.write(`${line}\n`);
    mkdirSync(dirname(run.runDir), { recursive: true });
    const root = mkdtempSync(join(dirname(run.runDir), '.chaos-'));
    const stop = listenForStop(() => tell('Stopping; the report tells what is known. Once more: at once.'));
    const done: ChaosRun[] = [];
    const startedAt = new Date().toISOString();
    try {
      tell(`Training ${epochs} epochs unbroken …`);
      const startMs = performance.now();
      const unbroken = layScratchRun({ name: 'unbroken', root, loaded, run, epochs, kills: 0, hasOwnDelays: true });
      const supervisor = startScratch(unbroken, { hasOwnSession: true });
      stop.signal.addEventListener('abort', () => supervisor.process.kill('SIGTERM'));
      const code = await supervisor.ended;
      if (stop.signal.aborted) return ExitCode.stopped;
      if (code !== 0) throw describeFailure(unbroken, code, supervisor.output());
      const unbrokenMs = performance.now() - startMs;
      tell(`That took ${formatMs(unbrokenMs)}.`);
      const describe = (): ChaosReport => ({
        ...{ experiment: loaded.config.experiment_name, startedAt, seed, faults, epochs, unbrokenMs, runs: done },
        ...{ meanTimeBetweenSecs: meanTimeBetweenMs / 1000, runsPlanned: runs, isInterrupted: stop.signal.aborted },
      });
      for (let index = 1; index <= runs && !stop.signal.aborted; index++) {
        tell(`Run ${index} of ${runs} …`);
        const own = {
          name: `run-${index}`,
          seed: seed * 1000 + index,
          checkpointBytes: sizeOf(unbroken.checkpointDir),
        };
        const judged = await runUnderFaults(
          {
            ...{ ...own, root, loaded, run, epochs, faults, patienceMs, signal: stop.signal },
            schedule: drawFaults({ seed: own.seed, faults, meanTimeBetweenMs }),
            onFault: (record) => tell(describeRecord(record)),
          },
          (result) => judgeRun(result, index, own.seed, { scratch: unbroken, epochs, tolerance }),
        );
        done.push(judged);
        tell(`  ${judged.end} after ${formatMs(judged.wallMs)}; state: ${judged.state.verdict}`);
        writeReport(out, describe());
      }
      const report = describe();
      writeReport(out, report);
      const lines = flag('json') ? [JSON.stringify(report, null, 2)] : describeReport(report);
      process.stdout.write(`${lines.join('\n')}\n`);
      tell(`The report is in ${join(out, 'report.html')}`);
      if (report.isInterrupted) return ExitCode.stopped;
      return findShortcomings(report).length === 0 ? ExitCode.ok : notPassed;
    } finally {
      stop.close();
      if (flag('keep')) tell(`The scratch folder is ${root}`);
      else rmSync(root, { recursive: true, force: true });
    }
  },
};

function writeReport(folder: string, report: ChaosReport): void {
  mkdirSync(folder, { recursive: true });
  writeFileAtomic(join(folder, 'report.json'), `${JSON.stringify(report, null, 2)}\n`);
  writeFileAtomic(join(folder, 'report.html'), renderPage(report));
}

function listFaults(): number {
  const rows = faultNames.map((name) => [name, catalogue[name].does]);
  process.stdout.write(`${alignColumns(rows).join('\n')}\n`);
  return ExitCode.ok;
}

function sizeOf(folder: string): number {
  const paths = readdirSync(folder, { recursive: true }).map((name) => join(folder, String(name)));
  return paths.reduce((sum, path) => sum + statSync(path).size, 0);
}
