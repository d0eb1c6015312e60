import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import {
  type Fault,
  type FaultName,
  type FaultRecord,
  faultNames,
  faults,
  type ScheduledFault,
} from '../../src/chaos/index.js';
import { openTensorFile } from '../../src/checkpoint/index.js';
import { type ChaosRunResult, runUnderFaults } from '../../src/cli/chaos/chaos-run.js';
import { loadExperiment, resolveRun } from '../../src/config/index.js';
import { ExitCode } from '../../src/protocol/index.js';
import { type Bench, openBench, readEpochInfo, tinyExperiment } from './support.js';

const trainer = resolve(import.meta.dirname, '../fixtures/trainers/trains-until-told.mjs');
const isRoot = process.getuid?.() === 0;

let bench: Bench | undefined;
let over = new AbortController();
let trials: Promise<unknown> = Promise.resolve();
afterEach(async () => {
  over.abort();
  await trials.catch(() => undefined);
  await bench?.close();
  over = new AbortController();
});

/** Faults in runs of their own, side by side: what lasts long does not come after each other. */
const groups: readonly (readonly FaultName[])[] = [
  ['sigkill', 'sigsegv', 'sigabrt', 'exit-0', 'crash-loop', 'exit-75', 'grandchild', 'gpu-holder', 'read-only'],
  ['hang', 'busy-loop', 'ignores-sigterm', 'log-noise', 'log-flood', 'config-edited'],
  ['remote-down', 'remote-slow', 'remote-throttled'],
  ['supervisor-sigkill', 'both-sigkill', 'clock-jump', 'suspend', 'slow-disk'],
  [
    ...([
      'torn-epoch-info',
      'empty-epoch-info',
      'garbage-epoch-info',
      'foreign-epoch-info',
      'stale-epoch-info',
    ] as const),
    ...(['torn-checkpoint', 'flipped-checkpoint', 'crash-in-commit', 'out-of-memory', 'open-files'] as const),
    ...(isRoot ? (['disk-full'] as const) : []),
  ],
];
const ofReferenceTrainer: readonly FaultName[] = ['nan', 'data-vanishes', 'crash-in-commit'];
const endsTheRun: readonly FaultName[] = ['poison-batch'];
const insidePython: readonly FaultName[] = ['busy-loop', 'exit-0', 'crash-loop', 'exit-75', 'ignores-sigterm'];

interface Trial {
  readonly result: ChaosRunResult;
  readonly records: readonly FaultRecord[];
  readonly checkpoint: Readonly<Record<string, number>> | undefined;
  readonly epoch: number;
}

async function tryFaults(
  { folder, ...bench }: Bench,
  name: string,
  experiment: object,
  list: readonly FaultName[],
): Promise<Trial> {
  const go = join(folder, `${name}.go`);
  const path = bench.experiment(`${name}.json`, { experiment_name: name, ...experiment });
  const flags = { 'trainer.env': { GO: go } };
  const loaded = loadExperiment({ path, flags, env: {} });
  const run = resolveRun(loaded, folder);
  mkdirSync(join(folder, name));
  let left = list.length;
  // Our own trainer knows no file that ends it.
  const done = new AbortController();
  over.signal.addEventListener('abort', () => done.abort());
  const options = {
    ...{ name, root: join(folder, name), loaded, run, epochs: loaded.config.epochs, faults: list },
    ...{ patienceMs: 40_000, checkpointBytes: 100_000, signal: done.signal },
    schedule: draw(list),
    onFault: (record: FaultRecord) => {
      if (process.env['CHAOS_VERBOSE'] !== undefined)
        console.info(`${name} ${performance.now().toFixed(0)} ${JSON.stringify(record)}`);
      left--;
      if (left > 0) return;
      writeFileSync(go, '');
      if (name === 'ours') done.abort();
    },
  };
  return runUnderFaults(options, (result) => {
    const { checkpointDir } = result.scratch;
    const info = readEpochInfo(checkpointDir);
    const file = join(checkpointDir, String(info?.checkpoint));
    return {
      result,
      records: result.records,
      epoch: info?.last_completed_epoch ?? 0,
      checkpoint: file.endsWith('.safetensors') && existsSync(file) ? readNumbers(file) : undefined,
    };
  });
}

/** Each fault comes a few epochs after the last has been recovered from. */
function* draw(list: readonly FaultName[]): Generator<ScheduledFault<FaultName>> {
  const startMs = performance.now();
  for (const [index, fault] of list.entries())
    yield { atMs: performance.now() - startMs + 400, fault, dice: (index + 0.5) / list.length };
}

function expectAsInCatalogue({ records, result }: Trial, list: readonly FaultName[]): void {
  const what = JSON.stringify(records, null, 1) + result.output;
  expect(
    records.map(({ fault }) => fault),
    what,
  ).toEqual(list);
  for (const record of records) {
    const { outcome, seenAs }: Fault = faults[record.fault];
    const said = `${JSON.stringify(record)}\n${result.output}`;
    expect(record, said).toMatchObject({ isInjected: true, isRecovered: true, objection: null });
    // A disk that has room again before the next save is nothing to notice.
    if (outcome === 'recovers' || outcome === 'adopted') expect(record.isDetected, said).toBe(true);
    if (seenAs !== undefined) expect(seenAs, said).toContain(record.seenAs);
  }
  expect(result.falseKills).toEqual([]);
  expect(result.orphans).toEqual([]);
}

describe('the faults of the catalogue, on real processes', () => {
  it('come all of them in these tests', () => {
    const tried = new Set([...groups.flat(), ...ofReferenceTrainer, ...endsTheRun, ...(isRoot ? [] : ['disk-full'])]);
    expect([...tried].sort()).toEqual([...faultNames].sort());
  });

  it('come to what the catalogue says, and each run ends exactly where it is to', async () => {
    const opened = openBench('chaos');
    bench = opened;
    const all = Promise.all(groups.map((list, index) => tryFaults(opened, `group-${index}`, quick(trainer), list)));
    trials = all;
    for (const [index, trial] of (await all).entries()) {
      expectAsInCatalogue(trial, groups[index] ?? []);
      expect(trial.result.exitCode, trial.result.output).toBe(0);
      expect(trial.epoch).toBeGreaterThan(5);
      expect(trial.checkpoint).toEqual(trainTo(trial.epoch));
    }
  }, 300_000);

  it('come to it in trainers of other kinds too: ours, Python, and one that cannot go on', async () => {
    const opened = openBench('chaos-kinds');
    bench = opened;
    const python = { ...quick(''), trainer: { command: ['python3', resolve(trainer, '../plain_trainer.py')] } };
    const restart = { initial_delay_ms: 1, max_delay_ms: 200, stop_grace_ms: 2000 };
    const ours = tinyExperiment({
      epochs: 40,
      restart,
      training: { batch_size: 2, steps_per_epoch: 10, backend: 'wasm' },
    });
    const all = Promise.all([
      tryFaults(opened, 'python', python, insidePython),
      tryFaults(opened, 'ours', ours, ofReferenceTrainer),
      tryFaults(opened, 'poisoned', quick(trainer), endsTheRun),
    ]);
    trials = all;
    const [ofPython, ofOurs, poisoned] = await all;
    expectAsInCatalogue(ofPython, insidePython);
    expectAsInCatalogue(ofOurs, ofReferenceTrainer);
    expectAsInCatalogue(poisoned, endsTheRun);
    expect(poisoned.result.exitCode).toBe(ExitCode.gaveUp);
  }, 300_000);
});

/** A trainer of short epochs, and a supervisor that waits for nothing long. */
function quick(script: string): Record<string, unknown> {
  return {
    epochs: 100_000,
    trainer: { command: [process.execPath, script], checkpoint_pattern: 'ckpt-{epoch}.safetensors' },
    // A save on the slow disk takes a second and a half.
    hang: { min_ms: 2500, max_ms: 3000, startup_max_ms: 20_000, factor: 4 },
    restart: { initial_delay_ms: 1, max_delay_ms: 50, stop_grace_ms: 500 },
  };
}

/** What the trainer of these tests computes, without a break. */
function trainTo(epochs: number): Record<string, number> {
  let [momentum, weight] = [0, 1];
  for (let epoch = 1; epoch <= epochs; epoch++)
    for (let step = 1; step <= 5; step++) {
      momentum = 0.9 * momentum + weight - 1 / epoch;
      weight -= 0.05 * momentum;
    }
  return { momentum, weight };
}

function readNumbers(file: string): Record<string, number> {
  const opened = openTensorFile(file);
  try {
    return Object.fromEntries(
      opened.names.map((name) => {
        const { data } = opened.read(name);
        return [name, Buffer.from(data as Uint8Array).readDoubleLE(0)];
      }),
    );
  } finally {
    opened.close();
  }
}
