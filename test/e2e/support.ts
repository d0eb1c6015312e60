import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { openBundle } from '../../src/checkpoint/index.js';
import { type EpochInfo, epochInfoPath, isUnreadable, parseEpochInfo } from '../../src/protocol/index.js';

const repository = resolve(import.meta.dirname, '../..');

/** A fresh folder for one test, and everything that was started in it. */
export interface Bench {
  readonly folder: string;
  /** Starts `supervise` with these arguments, in the folder. */
  readonly supervise: (...args: string[]) => Run;
  /** The same with more in its environment. */
  readonly superviseWith: (env: Readonly<Record<string, string>>, ...args: string[]) => Run;
  /** Starts the reference trainer by itself. */
  readonly train: (...args: string[]) => Run;
  readonly trainWith: (env: Readonly<Record<string, string>>, ...args: string[]) => Run;
  /** Writes `name` (an experiment) into the folder and returns its path. */
  readonly experiment: (name: string, content: object) => string;
  /** Kills what is still running by pid, and removes the folder. */
  readonly close: () => Promise<void>;
}

/** A started command: its output so far, and how it ends. */
export interface Run {
  readonly process: ChildProcess;
  readonly output: () => string;
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

export function openBench(name: string): Bench {
  const folder = mkdtempSync(join(tmpdir(), `supervise-${name}-`));
  const runs: Run[] = [];
  const start = (launcher: string, args: string[], env: Readonly<Record<string, string>> = {}) => {
    const run = startProcess([join(repository, 'bin', launcher), ...args], folder, env);
    runs.push(run);
    return run;
  };
  return {
    folder,
    supervise: (...args) => start('supervise.js', args),
    superviseWith: (env, ...args) => start('supervise.js', args, env),
    train: (...args) => start('train.js', args),
    trainWith: (env, ...args) => start('train.js', args, env),
    experiment: (file, content) => {
      const path = join(folder, file);
      writeFileSync(path, JSON.stringify(content, null, 2));
      return path;
    },
    close: async () => {
      for (const { process: child } of runs)
        if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await Promise.all(runs.map(({ ended }) => ended));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function startProcess(args: string[], cwd: string, env: Readonly<Record<string, string>>): Run {
  const child = spawn(process.execPath, args, {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1', ...env },
  });
  const chunks: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => chunks.push(chunk));
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((settle) => {
    child.on('close', (code, signal) => settle({ code, signal }));
  });
  return { process: child, output: () => Buffer.concat(chunks).toString(), ended };
}

/** The reference trainer at its smallest: seconds for a whole run, every part of it at work. */
export function tinyExperiment(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    experiment_name: 'tiny',
    epochs: 4,
    seed: 7,
    model: {
      generator: { filters: 2, depth: 2 },
      discriminator: { filters: 2, num_layers: 2, embedding_size: 4, lstm_units: 4 },
    },
    data: { image_width: 64, image_height: 32, digits_min: 2, digits_max: 3, train_samples: 16, val_samples: 4 },
    training: { batch_size: 2, steps_per_epoch: 3, backend: 'wasm' },
    checkpoints: { max_checkpoints: 2 },
    restart: { initial_delay_ms: 1, max_delay_ms: 5, max_restarts_without_progress: 100 },
    ...changes,
  };
}

/** Waits until `probe` gives something; fails with `what` after `timeoutMs`. */
export async function waitFor<Value>(
  what: string,
  probe: () => Value | undefined | false,
  timeoutMs = 240_000,
): Promise<Value> {
  const deadline = performance.now() + timeoutMs;
  while (performance.now() < deadline) {
    const value = probe();
    if (value !== undefined && value !== false) return value;
    await new Promise((settle) => setTimeout(settle, 5));
  }
  throw new Error(`waited ${timeoutMs} ms in vain for ${what}`);
}

export function readJson(path: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

export function readEpochInfo(checkpointDir: string): EpochInfo | undefined {
  const path = epochInfoPath(checkpointDir);
  if (!existsSync(path)) return undefined;
  const info = parseEpochInfo(readFileSync(path, 'utf8'));
  return isUnreadable(info) ? undefined : info;
}

/** Epochs in `metrics.jsonl`, in order. */
export function metricEpochs(runDir: string): number[] {
  return readFileSync(join(runDir, 'metrics.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).epoch);
}

/** Every tensor of a checkpoint by name, as hex; the record with its timestamp is left out. */
export function checkpointContent(prefix: string): Map<string, string> {
  const bundle = openBundle(prefix);
  try {
    const names = bundle.names.filter((name) => !name.startsWith('_supervise/epoch_info'));
    return new Map(names.map((name) => [name, toHex(bundle.read(name).data)]));
  } finally {
    bundle.close();
  }
}

function toHex(data: Uint8Array | readonly Uint8Array[]): string {
  return (data instanceof Uint8Array ? [data] : data).map((part) => Buffer.from(part).toString('hex')).join('|');
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
