import { describe, expect, test } from 'vitest';
import { ctcFactor, learningRateFactor } from '../../../src/trainer/loop/schedule.js';

const schedule = {
  use_lr_schedule: false,
  lr_decay_epochs: 10,
  lr_decay_from_epoch: 0,
  lr_alpha: 0.1,
  lr_warmup_epochs: 0,
  warmup_epochs: 0,
  annealing_epochs: 0,
};
const at = (epoch: number, step = 0) => ({ epoch, step, stepsPerEpoch: 10 });

describe('learning rate', () => {
  test('is constant without a schedule', () => {
    expect(learningRateFactor(schedule, at(1))).toBe(1);
    expect(learningRateFactor(schedule, at(99, 9))).toBe(1);
  });

  test('decays along a cosine to its floor, and stays there', () => {
    const cosine = { ...schedule, use_lr_schedule: true };
    expect(learningRateFactor(cosine, at(1))).toBe(1);
    expect(learningRateFactor(cosine, at(6))).toBeCloseTo(0.55, 12);
    expect(learningRateFactor(cosine, at(11))).toBeCloseTo(0.1, 12);
    expect(learningRateFactor(cosine, at(30))).toBeCloseTo(0.1, 12);
  });

  test('does not decay before its first epoch', () => {
    const late = { ...schedule, use_lr_schedule: true, lr_decay_from_epoch: 999 };
    expect(learningRateFactor(late, at(500))).toBe(1);
  });

  test('rises linearly in the warm-up and never is 0', () => {
    const warm = { ...schedule, lr_warmup_epochs: 2 };
    expect(learningRateFactor(warm, at(1, 0))).toBeCloseTo(0.05, 12);
    expect(learningRateFactor(warm, at(2, 9))).toBeCloseTo(1, 12);
    expect(learningRateFactor(warm, at(3, 0))).toBe(1);
  });
});

describe('CTC weight', () => {
  test.each([
    [0, 0, [1, 1, 1]],
    [2, 0, [0, 0, 1, 1]],
    [1, 3, [0, 0.25, 0.5, 0.75, 1, 1]],
  ])('warm-up %i, annealing %i → %j', (warmup_epochs, annealing_epochs, factors) => {
    const changing = { ...schedule, warmup_epochs, annealing_epochs };
    expect(factors.map((_, index) => ctcFactor(changing, index + 1))).toEqual(factors);
  });
});
