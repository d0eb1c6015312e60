import { describe, expect, test } from 'vitest';
import { noBestYet, restoresBest } from '../../../src/trainer/loop/best-score.js';
import { finalOf } from '../../../src/trainer/loop/checkpoint-files.js';
import { smallExperiment } from '../models/support.js';

const ended = { ...noBestYet, epoch: 9, step: 0, globalStep: 80, lossSums: {}, seed: 1 };
const best = { ...ended, bestEpoch: 5, bestScore: 20 };

describe('the checkpoint that is the result of a training', () => {
  test('is the best one where early stopping restores the best weights', () => {
    expect(finalOf(best, { restoresBest: true })).toEqual({ epoch: 5, checkpoint: 'ckpt-5' });
  });

  test('is the last one else, and where nothing was ever validated', () => {
    expect(finalOf(best, { restoresBest: false })).toEqual({ epoch: 8, checkpoint: 'ckpt-8' });
    expect(finalOf(ended, { restoresBest: true })).toEqual({ epoch: 8, checkpoint: 'ckpt-8' });
  });

  test.each([
    [true, true, true],
    [true, false, false],
    [false, true, false],
  ])('early stopping %s, restore_best_weights %s: restored %s', (enabled, restore_best_weights, expected) => {
    expect(restoresBest(smallExperiment({ early_stopping: { enabled, restore_best_weights } }))).toBe(expected);
  });
});
