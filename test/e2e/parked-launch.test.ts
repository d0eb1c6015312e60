import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TrainerEnv } from '../../src/protocol/index.js';
import { processesOf } from './diary.js';
import { type Bench, openBench, readJson, waitFor } from './support.js';

let bench: Bench;
beforeEach(() => {
  bench = openBench('parked');
});
afterEach(() => bench.close());

const trainer = (name: string) => resolve(import.meta.dirname, '../fixtures/trainers', name);
const runDir = () => join(bench.folder, 'runs/parked');
const awkward = ["it's", '$HOME `id` "quoted" \\', ' ', '*', 'naïve 字'];
const experiment = (name: string, epochs: number, env = {}) =>
  bench.experiment('parked.json', {
    experiment_name: 'parked',
    epochs,
    trainer: { command: [process.execPath, trainer(name), ...awkward], env },
    restart: { initial_delay_ms: 0, max_delay_ms: 0 },
  });
const lines = () => readFileSync(join(runDir(), 'launches.jsonl'), 'utf8').trim().split('\n');

interface Launch {
  readonly args: string[];
  readonly env: Record<string, string>;
  readonly cwd: string;
  readonly stdin: string;
}

/** What differs by intent, or is the shell's own. */
const ownNames = new Set<string>([
  TrainerEnv.attempt,
  TrainerEnv.resume,
  TrainerEnv.mtbf,
  'PWD',
  'OLDPWD',
  '_',
  'SHLVL',
]);
const rest = (env: Launch['env']) => Object.fromEntries(Object.entries(env).filter(([name]) => !ownNames.has(name)));

describe('a process that was forked ahead of time', () => {
  it('becomes the same trainer as one that is forked at the launch', async () => {
    const path = experiment('tells-its-launch.mjs', 3, { VALUE: "o'clock" });
    const run = bench.superviseWith({ AWKWARD: 'a\nb "c"' }, path);
    expect((await run.ended).code, run.output()).toBe(0);
    const [first, second, third] = lines().map((line) => JSON.parse(line) as Launch);
    expect(first?.args).toEqual(awkward);
    expect(second?.args).toEqual([...awkward, '--resume']);
    expect(third?.args).toEqual([...awkward, '--resume']);
    for (const launch of [second, third]) {
      expect(rest(launch?.env ?? {})).toEqual(rest(first?.env ?? {}));
      expect([launch?.cwd, launch?.stdin]).toEqual([first?.cwd, first?.stdin]);
    }
    const log = readFileSync(join(runDir(), 'attempts/0002/output.log'), 'utf8');
    expect(log).toBe('attempt 2 on standard output\nattempt 2 on standard error\n');
    expect(readdirSync(join(runDir(), 'attempts'))).toEqual(['0001', '0002', '0003']);
  });

  it('waits while the trainer works, and ends with its supervisor', async () => {
    const run = bench.supervise(experiment('waits-between-epochs.mjs', 100_000));
    const token = () => readJson(join(runDir(), 'lock'))?.['token'] as string | undefined;
    // Looked at from outside: findRunProcesses knows those best that it has started.
    const processes = (attempt: number) =>
      processesOf(token() ?? 'no token yet').filter((pid) =>
        readProc(pid, 'environ').includes(`${TrainerEnv.attempt}=${attempt}\0`),
      );
    const parked = await waitFor('the parked process', () => processes(2)[0]);
    expect(readProc(parked, 'cmdline')).toMatch(/^\/bin\/sh\0/);
    const [trainer] = processes(1);
    run.process.kill('SIGKILL');
    await run.ended;
    await waitFor('its end', () => processes(2).length === 0);
    expect(processesOf(token() ?? 'no token yet')).toEqual([trainer]);
    process.kill(trainer as number, 'SIGKILL');
  });
});

function readProc(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'latin1');
  } catch {
    return '';
  }
}
