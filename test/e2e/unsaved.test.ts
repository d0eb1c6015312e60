import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { findResumable } from '../../src/checkpoint/index.js';
import { type Bench, metricEpochs, openBench, readEpochInfo, readJson, tinyExperiment } from './support.js';

const fixture = resolve(import.meta.dirname, '../fixtures/disk-fills-up.mjs');
let bench: Bench;
afterEach(() => bench.close());

/** A run whose disk fails as `disk` says. A tiny checkpoint has about 90 kB. */
async function run(disk: Record<string, string>, checkpoints: Record<string, unknown>, epochs = 3) {
  bench = openBench('unsaved');
  const log = join(bench.folder, 'disk.log');
  const path = bench.experiment(
    'tiny.json',
    tinyExperiment({
      epochs,
      checkpoints: { max_checkpoints: 9, ...checkpoints },
      trainer: { env: { NODE_OPTIONS: `--import=${fixture}`, DISK_LOG: log, ...disk } },
      restart: { initial_delay_ms: 1, max_delay_ms: 5, max_restarts_without_progress: 1 },
    }),
  );
  const started = bench.supervise(path);
  const { code } = await started.ended;
  const checkpointDir = join(bench.folder, 'runs/tiny/checkpoints');
  const read = (file: string) => readFileSync(join(bench.folder, 'runs/tiny', file), 'utf8');
  return {
    code,
    checkpointDir,
    read,
    output: started.output(),
    failed: existsSync(log),
    runDir: join(bench.folder, 'runs/tiny'),
  };
}

describe('a checkpoint that cannot be written', () => {
  it.each([
    ['ENOSPC', 'disk-full', true],
    ['ENOSPC', 'disk-full', false],
    ['EIO', 'disk-fault', true],
  ])(
    '%s ends the attempt as %s, and the previous one is intact (async %s)',
    async (code, failureClass, async) => {
      const room = 250_000;
      const { read, failed, checkpointDir } = await run({ DISK_ERROR: code, DISK_ROOM: String(room) }, { async });
      expect(failed).toBe(true);
      const output = read('attempts/0001/output.log');
      const last = readEpochInfo(checkpointDir)?.last_completed_epoch ?? 0;
      expect(last).toBeGreaterThan(0);
      expect(output).toMatch(
        new RegExp(`The training ends, because \\S+ could not be saved \\(${code}: .*ckpt-\\d is intact`),
      );
      expect(read('journal.jsonl')).toContain(`"${failureClass}"`);
      expect(findResumable(checkpointDir)).toMatchObject({ kind: 'checkpoint', checkpoint: `ckpt-${last}`, notes: [] });
    },
    300_000,
  );

  it.each([true, false])(
    'with on_error continue the training goes on, and the next one is tried again (async %s)',
    async (async) => {
      const disk = { DISK_ERROR: 'ENOSPC', DISK_ROOM: '0', DISK_FAILURES: '1' };
      const { code, read, failed, checkpointDir, runDir, output } = await run(disk, { async, on_error: 'continue' });
      expect(code, output).toBe(0);
      expect(failed).toBe(true);
      expect(read('attempts/0001/output.log')).toMatch(
        /Warning: ckpt-1 could not be saved .*ENOSPC.*The training goes on/,
      );
      expect(readJson(join(runDir, 'status.json'))).toMatchObject({ state: 'completed', restarts: 0 });
      expect(metricEpochs(runDir)).toEqual([1, 2, 3]);
      expect(findResumable(checkpointDir)).toMatchObject({ checkpoint: 'ckpt-3', notes: [] });
      expect(existsSync(join(checkpointDir, 'ckpt-1.index'))).toBe(false);
    },
    300_000,
  );
});
