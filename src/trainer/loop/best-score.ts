import type { Experiment } from '../../config/schema.js';

/** Validation metrics of one epoch. PSNR in dB, SSIM in [−1, 1], CER and WER as fractions, score in dB. */
export interface ValidationMetrics {
  readonly psnr: number;
  readonly ssim: number;
  readonly cer: number;
  readonly wer: number;
  readonly score: number;
}

/** The best model so far and how long ago it was found. */
export interface BestScore {
  readonly bestEpoch: number;
  readonly bestScore: number | null;
  /** Best value of the metric that early stopping monitors; null before the first validation. */
  readonly bestMonitored: number | null;
  readonly epochsWithoutImprovement: number;
}

export const noBestYet: BestScore = { bestEpoch: 0, bestScore: null, bestMonitored: null, epochsWithoutImprovement: 0 };

/** Takes an epoch's validation into account. NaN and infinities are never best and never an improvement. */
export function updateBest(
  best: BestScore,
  epoch: number,
  metrics: ValidationMetrics,
  stopping: Experiment['early_stopping'],
): BestScore {
  const isBest = Number.isFinite(metrics.score) && (best.bestScore === null || metrics.score > best.bestScore);
  const monitored = metrics[stopping.monitor];
  const improved = isImprovement(best.bestMonitored, monitored, stopping);
  return {
    bestEpoch: isBest ? epoch : best.bestEpoch,
    bestScore: isBest ? metrics.score : best.bestScore,
    bestMonitored: improved ? monitored : best.bestMonitored,
    epochsWithoutImprovement: improved ? 0 : best.epochsWithoutImprovement + 1,
  };
}

/** Whether patience has run out. */
export function shouldStopEarly(best: BestScore, stopping: Experiment['early_stopping']): boolean {
  return stopping.enabled && best.epochsWithoutImprovement >= stopping.patience;
}

/** Whether the weights of the best epoch are the final ones. */
export function restoresBest({ early_stopping }: Pick<Experiment, 'early_stopping'>): boolean {
  return early_stopping.enabled && early_stopping.restore_best_weights;
}

function isImprovement(best: number | null, value: number, stopping: Experiment['early_stopping']): boolean {
  const { monitor, min_delta, mode = monitor === 'cer' || monitor === 'wer' ? 'min' : 'max' } = stopping;
  if (!Number.isFinite(value)) return false;
  if (best === null) return true;
  return mode === 'max' ? value > best + min_delta : value < best - min_delta;
}
