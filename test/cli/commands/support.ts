import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { parseStatus, type RunStatus } from '../../../src/protocol/index.js';
import { waitFor } from '../../e2e/support.js';
import { type Finished, repository, supervise } from '../support.js';

/** A folder with an experiment around a fixture trainer, and the commands of supervise in it. */
export interface CommandBench {
  readonly folder: string;
  readonly runDir: string;
  /** Runs a command to its end. */
  readonly run: (...args: string[]) => Promise<Finished>;
  /** Starts a command, and leaves it running. */
  readonly begin: (...args: string[]) => Begun;
  /** Starts the run in the background, and waits until its trainer holds after two epochs. */
  readonly startHeld: (...args: string[]) => Promise<void>;
  readonly status: () => RunStatus;
  readonly notes: () => string;
  readonly waitForNote: (text: string) => Promise<unknown>;
  /** Lets a held trainer go on. */
  readonly go: () => void;
  /** Removes the folder; fails when something still runs in it. */
  readonly close: () => Promise<void>;
}

export interface Begun {
  readonly process: ChildProcess;
  readonly stdout: () => string;
  readonly stderr: () => string;
  readonly ended: Promise<number | null>;
}

export interface BenchOptions {
  readonly fixture?: string;
  readonly changes?: Record<string, unknown>;
  readonly env?: Readonly<Record<string, string>>;
  readonly trainer?: Record<string, unknown>;
  readonly restart?: Record<string, unknown>;
}

export function openCommandBench({
  fixture = 'well-behaved',
  changes,
  env = {},
  trainer,
  restart,
}: BenchOptions = {}): CommandBench {
  const folder = mkdtempSync(join(tmpdir(), 'supervise-command-'));
  const runDir = join(folder, 'runs/night');
  const command = [process.execPath, join(repository, 'test/fixtures/trainers', `${fixture}.mjs`)];
  writeFileSync(
    join(folder, 'night.json'),
    JSON.stringify({
      experiment_name: 'night',
      epochs: 4,
      trainer: { command, env: { HOLD: '1' }, ...trainer },
      restart: {
        initial_delay_ms: 1,
        max_delay_ms: 5,
        max_restarts_without_progress: 3,
        stop_grace_ms: 5000,
        ...restart,
      },
      ...changes,
    }),
  );
  const notes = () => (existsSync(join(runDir, 'notes.txt')) ? readFileSync(join(runDir, 'notes.txt'), 'utf8') : '');
  const waitForNote = (text: string) => waitFor(`the note "${text}"`, () => notes().includes(text));
  const run = (...args: string[]) => supervise(args, { cwd: folder, env });
  return {
    folder,
    runDir,
    run,
    begin: (...args) => begin(args, folder, env),
    startHeld: async (...args) => {
      const { code, stderr } = await run('start', 'night.json', '--detach', ...args);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      await waitForNote('epoch 2');
      await waitFor('the status to tell it', () => readStatus(runDir)?.epochs_completed === 2);
    },
    status: () => readStatus(runDir) ?? expect.fail('there is no status.json'),
    notes,
    waitForNote,
    go: () => writeFileSync(join(runDir, 'go'), ''),
    close: async () => {
      const left = processesIn(folder);
      for (const { pid } of left) process.kill(pid, 'SIGKILL');
      await waitFor('the end of what was left', () => processesIn(folder).length === 0);
      rmSync(folder, { recursive: true, force: true });
      expect(left).toEqual([]);
    },
  };
}

function begin(args: readonly string[], cwd: string, env: Readonly<Record<string, string>>): Begun {
  const child = spawn(process.execPath, [join(repository, 'bin/supervise.js'), ...args], {
    cwd,
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [out, err]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  return {
    process: child,
    stdout: () => Buffer.concat(out).toString(),
    stderr: () => Buffer.concat(err).toString(),
    ended: new Promise((settle) => child.on('close', settle)),
  };
}

function readStatus(runDir: string): RunStatus | undefined {
  const path = join(runDir, 'status.json');
  return existsSync(path) ? parseStatus(readFileSync(path, 'utf8')) : undefined;
}

/** Living processes that name the folder in their command line or environment. */
function processesIn(folder: string): { readonly pid: number; readonly command: string }[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && pid !== process.pid)
    .flatMap((pid) => {
      const command = readProc(pid, 'cmdline');
      const isOurs = command.includes(folder) || readProc(pid, 'environ').includes(folder);
      return isOurs && isLiving(pid) ? [{ pid, command }] : [];
    });
}

function readProc(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'latin1');
  } catch {
    return '';
  }
}

/** Whether a process lives; one that only waits for its parent does not. */
export function isLiving(pid: number | null): boolean {
  const stat = pid === null ? '' : readProc(pid, 'stat');
  return stat !== '' && !stat.includes(') Z ');
}
