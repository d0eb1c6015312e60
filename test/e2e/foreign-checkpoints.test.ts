import { existsSync, openSync, readdirSync, readFileSync, truncateSync, writeSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { verifyForeign } from '../../src/checkpoint/index.js';
import { findTorch } from '../oracle/tensorflow.js';
import { type Bench, openBench, readEpochInfo, waitFor } from './support.js';

const fixtures = resolve(import.meta.dirname, '../fixtures');
const python = findTorch();

let bench: Bench;
afterEach(() => bench.close());

const trainers = [
  {
    name: 'a fixture that saves copies of what torch wrote',
    command: [process.execPath, join(fixtures, 'trainers/saves-zips.mjs')],
    isThere: true,
  },
  {
    name: 'PyTorch',
    command: [python ?? '', join(fixtures, 'trainers/torch_trainer.py')],
    isThere: python !== undefined,
  },
];

describe.each(trainers)('checkpoints of $name', ({ command, isThere }) => {
  const open = (more: Record<string, unknown> = {}, trainer: Record<string, unknown> = {}) => {
    bench = openBench('foreign');
    const restart = { initial_delay_ms: 1, max_delay_ms: 5 };
    const path = bench.experiment('night.json', {
      ...{ experiment_name: 'night', epochs: 5, trainer: { command, ...trainer }, restart, ...more },
    });
    const runDir = join(bench.folder, 'runs/night');
    const checkpoints = join(runDir, 'checkpoints');
    const output = (attempt: number) => readFileSync(join(runDir, `attempts/000${attempt}/output.log`), 'utf8');
    return { path, checkpoints, output };
  };

  /** Trains three epochs, and kills both. */
  async function trainThree(path: string, checkpoints: string) {
    const first = bench.supervise(path, '--epochs', '3');
    await waitFor('three epochs', () => readEpochInfo(checkpoints)?.last_completed_epoch === 3);
    expect((await first.ended).code, first.output()).toBe(0);
  }

  it.skipIf(!isThere)(
    'a damaged one is stepped back over before the relaunch, and kept in quarantine',
    async () => {
      const { path, checkpoints, output } = open({}, { checkpoint_pattern: 'ckpt-{epoch}.pt' });
      await trainThree(path, checkpoints);
      expect(verifyForeign(join(checkpoints, 'ckpt-3.pt'))).toMatchObject({ ok: true, format: 'zip' });
      flipInside(join(checkpoints, 'ckpt-3.pt'));
      truncateSync(join(checkpoints, 'ckpt-2.pt'), 1000);
      const second = bench.supervise(path);
      expect((await second.ended).code, second.output()).toBe(0);
      expect(second.output()).toMatch(/ckpt-3\.pt is damaged .*does not match its checksum/);
      expect(second.output()).toMatch(/ckpt-2\.pt is damaged .*cut short/);
      expect(output(2)).toContain('resumed from epoch 1');
      expect(readEpochInfo(checkpoints)?.last_completed_epoch).toBe(5);
      expect(readdirSync(join(checkpoints, 'quarantine'))).toEqual(['0001', '0002']);
      expect(verifyForeign(join(checkpoints, 'ckpt-5.pt')).ok).toBe(true);
    },
    300_000,
  );

  it.skipIf(!isThere)(
    'nothing earlier to go back to: it says so, and moves nothing',
    async () => {
      const { path, checkpoints } = open(
        // One failure tells as much as many, and each launch of PyTorch takes seconds.
        { epochs: 4, restart: { initial_delay_ms: 1, max_delay_ms: 5, max_restarts_without_progress: 0 } },
        { checkpoint_pattern: 'other-{epoch}.pt' },
      );
      await trainThree(path, checkpoints);
      flipInside(join(checkpoints, 'ckpt-3.pt'));
      const second = bench.supervise(path);
      await second.ended;
      expect(second.output()).toContain('launching with what there is');
      expect(existsSync(join(checkpoints, 'quarantine'))).toBe(false);
      expect(existsSync(join(checkpoints, 'ckpt-3.pt'))).toBe(true);
    },
    300_000,
  );
});

describe('epoch_info.json of another run, put over that of this one', () => {
  it('is not believed: the newest record whose checkpoint is there is taken from the journal', async () => {
    bench = openBench('other-run');
    const command = [process.execPath, join(fixtures, 'trainers/saves-zips.mjs')];
    const path = bench.experiment('night.json', {
      ...{ experiment_name: 'night', epochs: 12, trainer: { command, env: { OTHER_RUN_AFTER: '3' } } },
      restart: { initial_delay_ms: 1, max_delay_ms: 5, max_restarts_without_progress: 2 },
    });
    const run = bench.supervise(path);
    expect((await run.ended).code, run.output()).toBe(0);
    expect(run.output()).toContain(
      'epoch_info.json names other-run-8, which is not there; restored from the journal to ckpt-3.pt: last completed epoch 3',
    );
    const checkpoints = join(bench.folder, 'runs/night/checkpoints');
    expect(readFileSync(join(bench.folder, 'runs/night/attempts/0002/output.log'), 'utf8')).toContain(
      'resumed from epoch 3',
    );
    expect(readEpochInfo(checkpoints)).toMatchObject({ last_completed_epoch: 12, checkpoint: 'ckpt-12.pt' });
    expect(existsSync(join(checkpoints, 'previous'))).toBe(false);
  });
});

/** Flips a bit in the bytes of the first tensor. */
function flipInside(path: string): void {
  const bytes = readFileSync(path);
  const at = bytes.indexOf('/data/0') + 200;
  expect(at).toBeGreaterThan(200);
  const file = openSync(path, 'r+');
  writeSync(file, Buffer.from([(bytes[at] as number) ^ 4]), 0, 1, at);
}
