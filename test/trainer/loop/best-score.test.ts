import { describe, expect, test } from 'vitest';
import { noBestYet, shouldStopEarly, updateBest } from '../../../src/trainer/loop/best-score.js';

const stopping = {
  enabled: true,
  patience: 2,
  min_delta: 0.5,
  monitor: 'psnr',
  mode: 'max',
  restore_best_weights: true,
} as const;
const metrics = (score: number, psnr = score) => ({ psnr, ssim: 0.5, cer: 0.1, wer: 0.2, score });

describe('best score', () => {
  test('follows the highest score', () => {
    const best = [10, 12, 11].reduce(
      (sofar, score, index) => updateBest(sofar, index + 1, metrics(score), stopping),
      noBestYet,
    );
    expect(best).toMatchObject({ bestEpoch: 2, bestScore: 12 });
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    '%d is never best and never an improvement',
    (bad) => {
      const first = updateBest(noBestYet, 1, metrics(bad), stopping);
      expect(first).toMatchObject({ bestEpoch: 0, bestScore: null, bestMonitored: null, epochsWithoutImprovement: 1 });
      expect(updateBest(updateBest(noBestYet, 1, metrics(5), stopping), 2, metrics(bad), stopping)).toMatchObject({
        bestEpoch: 1,
        bestScore: 5,
      });
    },
  );

  test('a gain below min_delta is best but no improvement: patience goes on running', () => {
    let best = updateBest(noBestYet, 1, metrics(10), stopping);
    best = updateBest(best, 2, metrics(10.3), stopping);
    expect(best).toMatchObject({ bestEpoch: 2, epochsWithoutImprovement: 1, bestMonitored: 10 });
    expect(shouldStopEarly(best, stopping)).toBe(false);
    best = updateBest(best, 3, metrics(10.4), stopping);
    expect(shouldStopEarly(best, stopping)).toBe(true);
    expect(shouldStopEarly(best, { ...stopping, enabled: false })).toBe(false);
  });

  test('mode min counts a fall as improvement', () => {
    const falling = { ...stopping, monitor: 'cer', mode: 'min', min_delta: 0 } as const;
    const first = updateBest(noBestYet, 1, { ...metrics(1), cer: 0.5 }, falling);
    expect(updateBest(first, 2, { ...metrics(0), cer: 0.4 }, falling)).toMatchObject({
      bestEpoch: 1,
      bestMonitored: 0.4,
      epochsWithoutImprovement: 0,
    });
  });
});
