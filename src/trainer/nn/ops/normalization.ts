import type { Tensor1D } from '@tensorflow/tfjs-core';

/** Mean and (biased) variance of each channel in one batch. */
export interface BatchStatistics {
  readonly mean: Tensor1D;
  readonly variance: Tensor1D;
}

/** What {@link normalizeRectify} and {@link normalizeChannels} need beside their input. */
export interface Normalization {
  readonly gamma: Tensor1D;
  readonly beta: Tensor1D;
  readonly epsilon: number;
  /** Told the batch's statistics, which are freed afterwards. */
  readonly onStatistics: (statistics: BatchStatistics) => void;
}
