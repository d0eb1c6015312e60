import type { Experiment } from '../../config/schema.js';
import { type LossWeights, termNames } from '../models/index.js';
import { ctcFactor } from './schedule.js';

/** Factors on the written loss weights, of which adaptive balancing keeps track: one on CTC, one on all other losses. */
export interface LossBalance {
  readonly ctc: number;
  readonly others: number;
}

export const noBalance: LossBalance = { ctc: 1, others: 1 };

/** A loss that is nearly 0 must not drive its weight to infinity. */
const mostFactor = 1000;

/** Weights of the loss terms in an epoch (from 1): as written, times the balance, times the CTC schedule. Pure. */
export function lossWeightsAt(config: Experiment, epoch: number, balance: LossBalance = noBalance): LossWeights {
  const written = writtenWeights(config);
  const ctc = written.ctc * balance.ctc * ctcFactor(config.schedule, epoch);
  if (balance.others === 1) return { ...written, ctc };
  const scaled = Object.entries(written).map(([term, weight]) => [term, weight * balance.others]);
  return { ...(Object.fromEntries(scaled) as unknown as LossWeights), ctc };
}

/**
 * The balance of the next step, from the losses of this one: with f the factors by which CTC and the other losses would have
 * had their target shares of the same sum, the logarithms of the factors move `adaptation_rate` of the way towards those of
 * f. Where one of the two is 0 (CTC in its warm-up), nothing moves. The CTC schedule comes on top. Pure.
 */
export function rebalance(
  config: Experiment,
  losses: Readonly<Record<string, number>>,
  balance: LossBalance = noBalance,
): LossBalance {
  const { target_ctc_ratio, target_visual_ratio, adaptation_rate } = config.adaptive_balancing;
  const written = writtenWeights(config);
  const [ctc, others] = [sumOf(losses, { ctc: written.ctc }), sumOf(losses, { ...written, ctc: 0 })];
  const targets = target_ctc_ratio + target_visual_ratio;
  if (!(ctc > 0 && others > 0 && targets > 0)) return balance;
  const share = target_ctc_ratio / targets;
  const move = (factor: number, target: number) =>
    limit(factor ** (1 - adaptation_rate) * limit(target) ** adaptation_rate);
  return {
    ctc: move(balance.ctc, (share * (ctc + others)) / ctc),
    others: move(balance.others, ((1 - share) * (ctc + others)) / others),
  };
}

/** What a step's record says of the balance: the share of CTC in the generator loss, and the factors it was taken with. */
export function describeBalance(
  weights: LossWeights,
  losses: Readonly<Record<string, number>>,
  balance: LossBalance = noBalance,
): Record<string, number> {
  const [ctc, all] = [sumOf(losses, { ctc: weights.ctc }), sumOf(losses, weights)];
  return { ctc_share: all > 0 ? ctc / all : 0, ctc_factor: balance.ctc, visual_factor: balance.others };
}

/** The weights of the experiment file; 0 for what is switched off. */
function writtenWeights({ loss_weights: weights, loss_config }: Experiment): LossWeights {
  return {
    pixel: weights.pixel_loss_weight,
    adv: weights.adv_loss_weight,
    recFeat: weights.rec_feat_loss_weight,
    ctc: weights.ctc_loss_weight,
    perceptual: loss_config.use_perceptual_loss ? weights.perceptual_loss_weight : 0,
    contrastive: weights.contrastive_loss_weight,
  };
}

/** Weighted sum of the losses that were computed. */
function sumOf(losses: Readonly<Record<string, number>>, weights: Partial<LossWeights>): number {
  const terms = Object.entries(weights) as [keyof LossWeights, number][];
  return terms.reduce((sum, [term, weight]) => sum + weight * (losses[termNames[term]] ?? 0), 0);
}

function limit(factor: number): number {
  return Math.min(Math.max(factor, 1 / mostFactor), mostFactor);
}
