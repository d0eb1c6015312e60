import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRandom } from '../../src/trainer/random/random.js';
import { checkpointContent, metricEpochs, openBench, readEpochInfo, readJson, tinyExperiment } from './support.js';

const fixture = resolve(import.meta.dirname, '../fixtures/crash-on-schedule.mjs');
// More than the attempts that crash can complete, however fast the machine.
const epochs = process.env['SOAK'] === undefined ? 10 : 16;
const restart = { initial_delay_ms: 1, max_delay_ms: 5, max_restarts_without_progress: 100 };

interface Crash {
  readonly fault: 'SIGKILL' | 'SIGSEGV' | 'exit1' | 'abort';
  readonly at: 'heartbeat' | 'commit';
  readonly after: number;
}

/**
 * A seeded plan: every second crash at a heartbeat, the others inside the write of a checkpoint, with the four faults in turn.
 * Late enough, now and then, that an epoch is completed before.
 */
function planCrashes(seed: number, kills: number): Crash[] {
  const random = createRandom(seed, 'crashes');
  const faults = ['SIGKILL', 'SIGSEGV', 'exit1', 'abort'] as const;
  return Array.from({ length: kills }, (_, index) => {
    const fault = faults[Math.floor(index / 2) % faults.length] as Crash['fault'];
    const at = index % 2 === 0 ? 'heartbeat' : 'commit';
    const most = at === 'heartbeat' ? 3 : 16;
    return { fault, at, after: 1 + Math.floor(random.uniform() * most) };
  });
}

describe('crash injection', () => {
  const bench = openBench('crashes');
  beforeAll(async () => {
    const unbroken = bench.experiment('unbroken.json', tinyExperiment({ experiment_name: 'unbroken', epochs }));
    expect((await bench.supervise(unbroken).ended).code).toBe(0);
  }, 300_000);
  afterAll(() => bench.close());

  // Each of the four faults, at both kinds of place; with SOAK more often.
  const times = process.env['SOAK'] === undefined ? 1 : 2;
  it.each([
    { kills: 8 * times, how: 'cold relaunches', warmSpare: false },
    { kills: 8 * times, how: 'a warm spare', warmSpare: true },
  ])(
    '$kills crashes at seeded places end in the same bits as no crash, with $how',
    async ({ kills, warmSpare }) => {
      const name = warmSpare ? 'warm' : 'cold';
      const [plan, log] = [join(bench.folder, `${name}.plan.json`), join(bench.folder, `${name}.log`)];
      writeFileSync(plan, JSON.stringify(planCrashes(20_261, kills)));
      writeFileSync(log, '');
      const broken = bench.experiment(
        `${name}.json`,
        tinyExperiment({
          experiment_name: name,
          epochs,
          restart: { ...restart, warm_spare: warmSpare },
          trainer: { env: { NODE_OPTIONS: `--import=${fixture}`, CRASH_PLAN: plan, CRASH_LOG: log } },
        }),
      );
      const run = bench.supervise(broken);
      const { code } = await run.ended;
      expect(code, run.output()).toBe(0);

      const crashes = readFileSync(log, 'utf8').trim().split('\n');
      const journal = readFileSync(join(bench.folder, 'runs', name, 'journal.jsonl'), 'utf8');
      if (warmSpare) expect(journal).toContain('"warm":true');
      else expect(journal).not.toContain('"warm":true');
      const status = readJson(join(bench.folder, 'runs', name, 'status.json'));
      expect(crashes.length, crashes.join('\n')).toBeGreaterThanOrEqual(kills - 4);
      expect(status).toMatchObject({ state: 'completed', epochs_completed: epochs, restarts: crashes.length });
      for (const fault of ['SIGKILL', 'SIGSEGV', 'exit1', 'abort']) expect(crashes.join('\n')).toContain(fault);
      for (const place of ['heartbeat', 'commit']) expect(crashes.join('\n')).toContain(place);

      const checkpoints = (run: string) => join(bench.folder, 'runs', run, 'checkpoints');
      expect(readEpochInfo(checkpoints(name))?.last_completed_epoch).toBe(epochs);
      expect(checkpointContent(join(checkpoints(name), `ckpt-${epochs}`))).toEqual(
        checkpointContent(join(checkpoints('unbroken'), `ckpt-${epochs}`)),
      );
      const everyEpoch = Array.from({ length: epochs }, (_, index) => index + 1);
      expect(metricEpochs(join(bench.folder, 'runs', name))).toEqual(everyEpoch);
    },
    300_000,
  );
});
