import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ExitCode, SuperviseError } from '../../protocol/index.js';
import { superviseForFaults } from '../chaos/chaos-run.js';
import { formatMs } from '../chaos/print-report.js';
import { readDuration, readFaults } from '../chaos/read-options.js';
import { type DrillResult, runDrill } from '../chaos/run-drill.js';
import { listenForStop } from '../chaos/stop.js';
import { alignColumns } from '../format.js';
import { loadOriginal } from '../scratch/load-original.js';
import { settingOptions } from '../start-options.js';
import type { Command } from './command.js';

/** Exit code when the run did not come back as it should. */
const notPassed = 1;
const usualPatience = '30m';
const smallDiskBytes = 1024 ** 3;

/** `supervise drill`: one real kill and recovery of the experiment, in a scratch copy. */
export const drill: Command = {
  name: 'drill',
  operands: '<experiment.json> [flags]',
  about:
    'Starts a scratch copy of the experiment beside its run directory, kills its trainer once there is a checkpoint and some\nwork after it, and watches until it has caught up. Then it is stopped. The run itself is not touched.',
  options: {
    fault: { type: 'string', describe: 'What is done to it: a name of docs/faults.md (default: sigkill)' },
    patience: {
      type: 'string',
      describe: `How long the first checkpoint, and the recovery, may take (default: ${usualPatience})`,
    },
    keep: { type: 'boolean', describe: 'Keep the scratch folder' },
    json: { type: 'boolean', describe: 'One JSON object {passed, fault, place, record, resumedFrom, caughtUpMs}' },
    ...{
      epochs: settingOptions.epochs,
      seed: settingOptions.seed,
      backend: settingOptions.backend,
      set: settingOptions.set,
    },
  },
  mostOperands: 1,
  exitCodes: '0 passed, 1 not passed, 69 nothing could be broken, 75 interrupted, 78 wrong configuration',
  run: async ({ parsed, flag, text }) => {
    const { loaded, run } = loadOriginal(parsed, 'supervise drill');
    const faults = readFaults(text('fault') ?? 'sigkill');
    const [fault] = faults;
    if (faults.length > 1)
      throw new SuperviseError('USAGE', {
        what: 'a drill has one fault',
        where: '--fault',
        hint: 'supervise chaos injects several',
      });
    const patienceMs = readDuration('patience', text('patience') ?? usualPatience);
    const tell = (line: string) => process.stderr.write(`${line}\n`);
    mkdirSync(dirname(run.runDir), { recursive: true });
    const root = mkdtempSync(join(dirname(run.runDir), '.drill-'));
    const stop = listenForStop(() => tell('Stopping. Once more: at once.'));
    try {
      tell('Training until there is a checkpoint …');
      const options = { name: 'drill', root, loaded, run, epochs: loaded.config.epochs, faults, patienceMs };
      const result = await superviseForFaults(
        { ...options, checkpointBytes: smallDiskBytes, signal: stop.signal },
        async (underWay) => {
          const done = await runDrill(underWay, fault, loaded.config.trainer.epoch_base);
          if (done.prevented !== null && !stop.signal.aborted)
            tell(underWay.output().trimEnd().split('\n').slice(-8).join('\n'));
          return done;
        },
      );
      if (stop.signal.aborted) return ExitCode.stopped;
      const hasPassed = isPassed(result);
      const lines = flag('json')
        ? [JSON.stringify({ passed: hasPassed, ...result }, null, 2)]
        : describeDrill(loaded.config.experiment_name, result, hasPassed);
      process.stdout.write(`${lines.join('\n')}\n`);
      if (result.prevented !== null) return ExitCode.gaveUp;
      return hasPassed ? ExitCode.ok : notPassed;
    } finally {
      stop.close();
      if (flag('keep')) tell(`The scratch folder is ${root}`);
      else rmSync(root, { recursive: true, force: true });
    }
  },
};

function isPassed({ record, caughtUpMs }: DrillResult): boolean {
  return (
    record?.isRecovered === true && record.objection === null && record.isDetected !== false && caughtUpMs !== null
  );
}

function describeDrill(name: string, result: DrillResult, hasPassed: boolean): string[] {
  const { fault, prevented, place, record, resumedFrom, caughtUpMs } = result;
  if (prevented !== null || record === null) return [`Drill of ${name}: nothing was broken: ${prevented}.`];
  const where = place?.epoch == null ? `after epoch ${place?.epochs}` : `epoch ${place.epoch}, step ${place.step}`;
  const noticed = record.isDetected === null ? 'nothing to notice' : record.isDetected ? after(record.detectMs) : 'no';
  const as = record.seenAs === null ? '' : `, as ${record.seenAs}`;
  const from = resumedFrom === null ? '' : `, from ${resumedFrom}`;
  const rows = [
    ['  broken', `${where}: ${record.what}`],
    ['  noticed', `${noticed}${as}`],
    ['  at work again', record.isRecovered ? `${after(record.recoverMs)}${from}` : 'no'],
    ['  where it was', caughtUpMs === null ? 'no' : after(caughtUpMs)],
    ['  work lost', record.lostMs === null ? 'not known' : formatMs(record.lostMs)],
    ...(record.objection === null ? [] : [['  but', record.objection]]),
  ];
  return [`Drill of ${name} (${fault}): ${hasPassed ? 'passed' : 'not passed'}.`, ...alignColumns(rows)];
}

function after(ms: number | null): string {
  return ms === null ? 'yes' : `after ${formatMs(ms)}`;
}
