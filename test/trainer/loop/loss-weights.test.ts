import { describe, expect, test } from 'vitest';
import { experimentSchema } from '../../../src/config/schema.js';
import { describeBalance, type LossBalance, lossWeightsAt, rebalance } from '../../../src/trainer/loop/loss-weights.js';

const experiment = (changes: Record<string, unknown> = {}) =>
  experimentSchema.parse({
    experiment_name: 'test',
    epochs: 3,
    loss_weights: { pixel_loss_weight: 100, adv_loss_weight: 2, rec_feat_loss_weight: 0, ctc_loss_weight: 0.5 },
    adaptive_balancing: { enabled: true },
    ...changes,
  });

const losses = { pixel_loss: 0.1, adv_loss: 1, ctc_loss: 300 };

describe('loss weights', () => {
  test('as written, times the balance, times the CTC schedule', () => {
    const config = experiment({ schedule: { warmup_epochs: 1, annealing_epochs: 1 } });
    expect(lossWeightsAt(config, 1)).toMatchObject({ pixel: 100, adv: 2, recFeat: 0, ctc: 0, perceptual: 0 });
    expect(lossWeightsAt(config, 2)).toMatchObject({ ctc: 0.25 });
    expect(lossWeightsAt(config, 3, { ctc: 3, others: 2 })).toMatchObject({ pixel: 200, adv: 4, ctc: 1.5 });
  });

  test('use_perceptual_loss false leaves it out, whatever its weight', () => {
    const written = { perceptual_loss_weight: 0.2, contrastive_loss_weight: 0.3 };
    const weights = (loss_config: object) => lossWeightsAt(experiment({ loss_weights: written, loss_config }), 1);
    expect(weights({})).toMatchObject({ perceptual: 0.2, contrastive: 0.3 });
    expect(weights({ use_perceptual_loss: false })).toMatchObject({ perceptual: 0, contrastive: 0.3 });
  });
});

describe('adaptive balancing', () => {
  const rate = (adaptation_rate: number, more: object = {}) =>
    experiment({ adaptive_balancing: { enabled: true, adaptation_rate, ...more } });
  const shareAfter = (config: ReturnType<typeof experiment>, balance: LossBalance) => {
    const weights = lossWeightsAt(config, 1, balance);
    return describeBalance(weights, losses, balance)['ctc_share'] as number;
  };

  test('rate 1 reaches the target shares at once, and keeps the sum', () => {
    const config = rate(1);
    const balance = rebalance(config, losses);
    expect(shareAfter(config, balance)).toBeCloseTo(0.65, 9);
    const { pixel, adv, ctc } = lossWeightsAt(config, 1, balance);
    expect(pixel * 0.1 + adv + ctc * 300).toBeCloseTo(100 * 0.1 + 2 + 0.5 * 300, 9);
  });

  test('rate 0 never moves', () => {
    expect(rebalance(rate(0), losses, { ctc: 0.7, others: 2 })).toEqual({ ctc: 0.7, others: 2 });
  });

  test('a rate between comes nearer with every step', () => {
    const config = rate(0.15);
    const shares: number[] = [];
    let balance: LossBalance = { ctc: 1, others: 1 };
    for (let step = 0; step < 40; step++) {
      shares.push(shareAfter(config, balance));
      balance = rebalance(config, losses, balance);
    }
    expect(shares[0]).toBeCloseTo(150 / 162, 9);
    expect(shares).toEqual([...shares].sort((a, b) => b - a));
    expect(shares.at(-1)).toBeCloseTo(0.65, 2);
  });

  test('ratios count by their proportion; a warm-up moves nothing; no factor leaves its bounds', () => {
    const halves = rate(1, { target_ctc_ratio: 0.2, target_visual_ratio: 0.2 });
    expect(shareAfter(halves, rebalance(halves, losses))).toBeCloseTo(0.5, 9);
    expect(rebalance(rate(1), { pixel_loss: 0.1 })).toEqual({ ctc: 1, others: 1 });
    const nothing = rate(1, { target_ctc_ratio: 0, target_visual_ratio: 0 });
    expect(rebalance(nothing, losses)).toEqual({ ctc: 1, others: 1 });
    const all = rebalance(rate(1, { target_ctc_ratio: 1, target_visual_ratio: 0 }), { ...losses, ctc_loss: 1e-9 });
    expect(all).toEqual({ ctc: 1000, others: 0.001 });
  });
});
