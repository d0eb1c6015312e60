import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ExitCode, runPaths, SuperviseError } from '../../protocol/index.js';
import { alignColumns } from '../format.js';
import { compareRuns } from '../scratch/compare-runs.js';
import type { Finding } from '../scratch/finding.js';
import { loadOriginal } from '../scratch/load-original.js';
import { journalOf, layScratchRun, type ScratchRun, superviseScratch } from '../scratch/scratch-run.js';
import { settingOptions } from '../start-options.js';
import { type Kill, killAtPlaces } from '../verify-resume/kill-trainer.js';
import { planKills } from '../verify-resume/plan-kills.js';
import type { Command } from './command.js';

/** Exit code for runs that differ, as that of diff(1). */
const different = 1;
const usualKills = 3;
const usualEpochs = 3;
/** Two unbroken runs of a backend that is not deterministic are a sample of one: twice their distance is still called the same. */
const baselineFactor = 2;

/** `supervise verify-resume`: whether a run that is killed and resumed ends where one ends that never was. */
export const verifyResume: Command = {
  name: 'verify-resume',
  operands: '<experiment.json> [flags]',
  about:
    'Trains the experiment in a scratch folder beside its run directory, once unbroken and once killed (SIGKILL) at seeded\nrandom places and resumed, and compares what both have recorded, epoch by epoch. The run itself is not touched. A trainer\nof your own has to write its checkpoints into SUPERVISE_CHECKPOINT_DIR.',
  options: {
    kills: { type: 'number', describe: `How often the second run is killed (default: ${usualKills})` },
    seed: { type: 'number', describe: 'Seed of the places (default: 1)' },
    epochs: {
      type: 'number',
      describe: `Epochs to train (default: ${usualEpochs}, or those of the experiment if fewer)`,
    },
    tolerance: { type: 'number', describe: 'Largest absolute difference that counts as the same (default: 0)' },
    baseline: { type: 'boolean', describe: 'Train unbroken a second time, and tell how far those two runs are apart' },
    keep: { type: 'boolean', describe: 'Keep the scratch folder' },
    json: { type: 'boolean', describe: 'One JSON object {identical, kills, findings}' },
    backend: settingOptions.backend,
    set: settingOptions.set,
  },
  mostOperands: 1,
  exitCodes: '0 the same, 1 different, 69 a run did not complete or nothing was killed, 78 wrong configuration',
  run: async ({ parsed, flag, number }) => {
    const { loaded, run } = loadOriginal(parsed, 'supervise verify-resume', ['seed', 'epochs']);
    const epochs = wholeNumber('epochs', number('epochs') ?? Math.min(usualEpochs, loaded.config.epochs));
    const kills = wholeNumber('kills', number('kills') ?? usualKills);
    const [seed, tolerance] = [number('seed') ?? 1, number('tolerance') ?? 0];
    mkdirSync(dirname(run.runDir), { recursive: true });
    const root = mkdtempSync(join(dirname(run.runDir), '.verify-resume-'));
    const tell = (line: string) => process.stderr.write(`${line}\n`);
    const lay = (name: string) => layScratchRun({ name, root, loaded, run, epochs, kills });
    try {
      tell(`Training ${epochs} epochs unbroken …`);
      const unbroken = lay('unbroken');
      await superviseScratch(unbroken);
      tell(`Training them again, killed ${kills} times …`);
      const killed = lay('killed');
      const places = planKills({ seed, kills, epochs });
      const epochMs = epochMsOf(unbroken);
      const { epoch_base: epochBase } = loaded.config.trainer;
      const hasHeartbeats = existsSync(runPaths(unbroken.runDir).heartbeat);
      let done: Kill[] = [];
      await superviseScratch(killed, async (signal) => {
        done = await killAtPlaces({ scratch: killed, places, epochMs, epochBase, hasHeartbeats, signal });
      });
      if (done.length === 0)
        throw new SuperviseError('GAVE_UP', {
          what: `nothing was killed: the ${epochs} epochs were over before that`,
          hint: 'use longer epochs, or more of them (--epochs)',
        });
      const findings = compareRuns(unbroken, killed, epochs, tolerance);
      let apart: readonly Finding[] | undefined;
      if (flag('baseline')) {
        tell('Training them unbroken once more …');
        const baseline = lay('baseline');
        await superviseScratch(baseline);
        apart = compareRuns(unbroken, baseline, epochs, tolerance);
      }
      return report({ findings, apart, kills: done, planned: kills, json: flag('json') });
    } finally {
      if (flag('keep')) tell(`The scratch folder is ${root}`);
      else rmSync(root, { recursive: true, force: true });
    }
  },
};

interface Report {
  readonly findings: readonly Finding[];
  readonly apart: readonly Finding[] | undefined;
  readonly kills: readonly Kill[];
  readonly planned: number;
  readonly json: boolean;
}

function report({ findings, apart, kills, planned, json }: Report): number {
  const judged = findings.map((finding) => {
    const baseline = apart?.find(({ part }) => part === finding.part)?.distance;
    const isNoise = finding.verdict === 'different' && finding.distance <= baselineFactor * (baseline ?? -1);
    return {
      ...finding,
      ...(baseline !== undefined && { baseline }),
      verdict: isNoise ? ('within' as const) : finding.verdict,
    };
  });
  const isSame = judged.every(({ verdict }) => verdict !== 'different');
  if (json) print([asJson({ identical: isSame, kills, findings: judged })]);
  else {
    const places = kills.map(({ at }) =>
      at < 0 ? 'at its start' : `in epoch ${(Math.floor(at * 100) / 100 + 1).toFixed(2)}`,
    );
    const rows = judged.map(({ part, verdict, detail, distance, baseline }) => [
      `${marks[verdict]} ${part}`,
      words[verdict],
      ...(baseline === undefined ? [] : [`${describeDistance(distance)} (unbroken: ${describeDistance(baseline)})`]),
      detail,
    ]);
    const first = judged.find(({ verdict }) => verdict === 'different');
    const missed = kills.length < planned ? ` of ${planned}` : '';
    print([
      `Killed ${kills.length}${missed} times: ${places.join(', ')}.`,
      ...alignColumns(rows),
      first === undefined ? verdictSame(judged) : `Different. The first difference: ${first.part}: ${first.detail}`,
    ]);
  }
  return isSame ? ExitCode.ok : different;
}

const marks = { identical: '✓', within: '≈', different: '✗', unknown: '?' } as const;
const words = {
  identical: 'identical',
  within: 'within tolerance',
  different: 'different',
  unknown: 'not compared',
} as const;

function verdictSame(judged: readonly Finding[]): string {
  if (judged.every(({ verdict }) => verdict === 'unknown')) return 'Nothing could be compared.';
  return judged.some(({ verdict }) => verdict === 'within')
    ? 'The same within the tolerance.'
    : 'Identical: the kills left no trace in what was compared.';
}

function describeDistance(distance: number): string {
  return Number.isFinite(distance) ? String(Number(distance.toPrecision(3))) : 'other';
}

/** What an epoch took, by the middle one of all. */
function epochMsOf(scratch: ScratchRun): number {
  const times = journalOf(scratch)
    .filter(({ event }) => event === 'launched' || event === 'epoch_completed')
    .map(({ time }) => Date.parse(time));
  const durations = times.slice(1).map((time, index) => time - (times[index] ?? time));
  // The first one holds the start-up.
  const epochs = (durations.length > 1 ? durations.slice(1) : durations).sort((left, right) => left - right);
  return epochs[Math.floor(epochs.length / 2)] ?? 1000;
}

function wholeNumber(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new SuperviseError('USAGE', { what: `--${name} is ${value}`, expected: 'a whole number above 0' });
}

function print(lines: readonly string[]): void {
  process.stdout.write(lines.map((line) => `${line}\n`).join(''));
}

function asJson(value: unknown): string {
  return JSON.stringify(
    value,
    (_, part) => (typeof part === 'number' && !Number.isFinite(part) ? String(part) : part),
    2,
  );
}
