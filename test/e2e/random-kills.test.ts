import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { createRandom } from '../../src/trainer/random/random.js';
import { diaryExperiment, diaryRun, expectOneStory, trainersOf } from './diary.js';
import { openBench, type Run, waitFor } from './support.js';

const kills = Number(process.env['SOAK_KILLS'] ?? 40);
const seed = Number(process.env['SOAK_SEED'] ?? 20_262);
const epochs = kills * 4;
const victims = [
  'supervisor',
  'supervisor',
  'trainer',
  'supervisor, then trainer',
  'trainer, then supervisor',
] as const;

describe('random kills', () => {
  let close: () => Promise<void> = async () => undefined;
  afterEach(() => close());

  it(`${kills} of supervisor and trainer (seed ${seed}): one trainer at a time, and every epoch once`, async () => {
    const bench = openBench('kills');
    close = bench.close;
    const path = diaryExperiment(bench, epochs, { HOLD: '1', EPOCH_MS: '15' });
    const { runDir, token, journal } = diaryRun(bench);
    const random = createRandom(seed, 'kills');
    const counts = { supervisor: 0, trainer: 0 };
    let run = bench.supervise(path);
    await waitFor('the token', token);
    const scan = watchForCompany(() => token() ?? '');

    const hasTrainer = ({ process: { pid } }: Run) => {
      const entries = journal();
      const begun = entries.findIndex((entry) => entry.event === 'run_started' && entry.supervisor_pid === pid);
      return begun >= 0 && entries.slice(begun).some(({ event }) => event === 'launched' || event === 'adopted');
    };
    const killTrainer = () => {
      for (const pid of trainersOf(token() ?? 'none')) {
        process.kill(pid, 'SIGKILL');
        counts.trainer++;
      }
    };
    const killSupervisor = async (current: Run) => {
      expect(current.process.exitCode, current.output()).toBeNull();
      current.process.kill('SIGKILL');
      counts.supervisor++;
      await current.ended;
    };
    while (counts.supervisor + counts.trainer < kills) {
      // Every third time wherever a start has come to, else some way into the training.
      if (random.uniform() > 0.3) await waitFor('a trainer under supervision', () => hasTrainer(run));
      await sleep(random.uniform(0, 250));
      const victim = victims[random.integer(0, victims.length - 1)];
      if (victim?.startsWith('trainer')) killTrainer();
      if (victim?.includes('then')) await sleep(random.uniform(0, 20));
      if (victim?.includes('supervisor')) await killSupervisor(run);
      if (victim?.endsWith('then trainer')) killTrainer();
      if (victim?.includes('supervisor')) {
        await sleep(random.uniform(0, 50));
        run = bench.supervise(path);
      }
    }
    writeFileSync(join(runDir, 'go'), '');
    expect((await run.ended).code, run.output()).toBe(0);
    expect(scan.stop()).toBeLessThanOrEqual(1);
    expect(counts.supervisor).toBeGreaterThan(kills / 5);
    expect(counts.trainer).toBeGreaterThan(kills / 5);
    expectOneStory(bench, epochs);
    const adopted = journal().filter(({ event }) => event === 'adopted').length;
    expect(adopted).toBeGreaterThan(0);
    const launched = journal().filter(({ event }) => event === 'launched').length;
    console.info(
      `${counts.supervisor} supervisors and ${counts.trainer} trainers killed, ${launched} launched, ${adopted} adopted`,
    );
  }, 600_000);
});

/** Looks through /proc all the while; `stop` tells the most trainers that were ever seen alive together. */
function watchForCompany(token: () => string): { readonly stop: () => number } {
  let most = 0;
  const poll = setInterval(() => {
    const found = trainersOf(token());
    // One that ended during the look may have been seen beside its successor.
    const together = found.length > 1 ? trainersOf(token()).filter((pid) => found.includes(pid)).length : found.length;
    most = Math.max(most, together);
  }, 10);
  return {
    stop: () => {
      clearInterval(poll);
      return most;
    },
  };
}
