import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { epochInfoPath, writeFileAtomic } from '../../../src/protocol/index.js';
import { DivergedError } from '../../../src/trainer/loop/diverged-error.js';
import {
  collectRollbacks,
  isSkipped,
  readDivergence,
  recordDivergence,
  rollbackRateFactor,
} from '../../../src/trainer/loop/rollback.js';
import { createSpikeDetector } from '../../../src/trainer/loop/spike-detector.js';

const rules = { policy: 'skip_batches', max_rollbacks: 3, skip_steps: 2, lr_factor: 0.5, spike_deviations: 0 } as const;
const places = [{ epoch: 2, step: 7 }];

describe('what a rollback changes', () => {
  test('skip_batches leaves out the batch where it diverged, and those before it that are to go too', () => {
    expect([5, 6, 7, 8].map((step) => isSkipped(rules, places, 2, step))).toEqual([false, true, true, false]);
    expect(isSkipped(rules, places, 3, 7)).toBe(false);
    expect(rollbackRateFactor(rules, places)).toBe(1);
  });

  test('cut_lr multiplies the learning rates once for each', () => {
    const cut = { ...rules, policy: 'cut_lr' } as const;
    expect(rollbackRateFactor(cut, [...places, { epoch: 2, step: 9 }])).toBe(0.25);
    expect(isSkipped(cut, places, 2, 7)).toBe(false);
  });

  test('the same place is counted once, also when a crash comes before the next save', () => {
    expect(collectRollbacks(places, { epoch: 2, step: 7 })).toEqual(places);
    expect(collectRollbacks(places, { epoch: 2, step: 8 })).toHaveLength(2);
    expect(collectRollbacks(undefined, undefined)).toEqual([]);
  });
});

describe('the record of a divergence', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'rollback-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test('is added to what epoch_info.json says, and read back', () => {
    writeFileAtomic(epochInfoPath(folder), '{"last_completed_epoch":2,"checkpoint":"ckpt-2","mine":1}');
    recordDivergence(folder, new DivergedError('g_loss is NaN', 3, 4));
    const info = JSON.parse(readFileSync(epochInfoPath(folder), 'utf8'));
    expect(info).toMatchObject({ last_completed_epoch: 2, checkpoint: 'ckpt-2', mine: 1, status: 'diverged' });
    expect(readDivergence(folder)).toMatchObject({ epoch: 3, step: 4 });
  });

  test('is written where nothing was saved before', () => {
    const unborn = join(folder, 'checkpoints');
    recordDivergence(unborn, new DivergedError('g_loss is NaN', 1, 2));
    expect(readDivergence(unborn)).toMatchObject({ epoch: 1, step: 2 });
  });

  test('is none when the last attempt did not diverge', () => {
    expect(readDivergence(folder)).toBeUndefined();
    writeFileAtomic(epochInfoPath(folder), '{"last_completed_epoch":2,"diverged":{"epoch":1,"step":1}}');
    expect(readDivergence(folder)).toBeUndefined();
  });
});

describe('createSpikeDetector', () => {
  test('tells a leap far beyond the usual spread, and nothing before it knows the usual', () => {
    const find = createSpikeDetector(10);
    for (let step = 0; step < 49; step++) expect(find(step % 2 === 0 ? 1 : 1000)).toBeUndefined();
    const calm = createSpikeDetector(10);
    for (let step = 0; step < 60; step++) expect(calm(10 + (step % 5) * 0.1)).toBeUndefined();
    expect(calm(10.9)).toBeUndefined();
    expect(calm(30)).toBeGreaterThan(10);
  });

  test('is off at 0', () => {
    const find = createSpikeDetector(0);
    for (let step = 0; step < 100; step++) find(1);
    expect(find(1e9)).toBeUndefined();
  });
});
