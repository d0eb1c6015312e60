import type { Tensor, Tensor1D, Variable } from '@tensorflow/tfjs-core';
import { add, mul, rsqrt, sub, tidy } from '@tensorflow/tfjs-core';
import { runAverages } from '../backends/webgpu-kernels/elementwise.js';
import { isOnWebgpu } from '../backends/webgpu-kernels/run-shader.js';
import { ones, zeros } from './initializers.js';
import type { Pass, VariableScope } from './module.js';
import { scaleChannels, shiftChannels } from './ops/channels.js';
import { leakyRelu } from './ops/leaky-relu.js';
import type { BatchStatistics } from './ops/normalization.js';
import { normalizeChannels, normalizeRectify } from './ops/normalize.js';

/** Keras' defaults, except that the running statistics follow faster: a short run has few steps to learn them in. */
const epsilon = 1e-3;
const momentum = 0.9;

/** Scale and shift that a batch norm amounts to outside training. */
export interface Affine {
  readonly scale: Tensor1D;
  readonly shift: Tensor1D;
}

/** A batch norm, followed by the leaky rectifier or not. */
export interface NormLayer {
  readonly apply: <T extends Tensor>(x: T, pass: Pass) => T;
  /** The same as a scale and a shift for each channel, from the running statistics; the caller frees both. */
  readonly toAffine: () => Affine;
}

/** Makes gamma, beta, moving_mean and moving_variance for `channels` channels. */
export function normRectify(scope: VariableScope, channels: number): NormLayer {
  return normalization(scope, channels, true);
}

/** The same without the rectifier. */
export function batchNorm(scope: VariableScope, channels: number): NormLayer {
  return normalization(scope, channels, false);
}

function normalization(scope: VariableScope, channels: number, rectifies: boolean): NormLayer {
  const gamma = scope.weight('gamma', [channels], ones) as Variable & Tensor1D;
  const beta = scope.weight('beta', [channels], zeros) as Variable & Tensor1D;
  const mean = scope.statistic('moving_mean', [channels], 0) as Variable & Tensor1D;
  const variance = scope.statistic('moving_variance', [channels], 1) as Variable & Tensor1D;
  const onStatistics = (batch: BatchStatistics) => follow([mean, variance], [batch.mean, batch.variance]);
  const toAffine = (): Affine =>
    tidy(() => {
      const scale = mul<Tensor1D>(gamma, rsqrt(add(variance, epsilon)));
      return { scale, shift: sub<Tensor1D>(beta, mul(mean, scale)) };
    });
  const applyAffine = <T extends Tensor>(x: T) => {
    const { scale, shift } = toAffine();
    const straight = shiftChannels(scaleChannels(x, scale), shift);
    return rectifies ? leakyRelu(straight) : straight;
  };
  const normalize = rectifies ? normalizeRectify : normalizeChannels;
  return {
    toAffine,
    apply: (x, { training }) =>
      training ? normalize(x, { gamma, beta, epsilon, onStatistics }) : tidy(() => applyAffine(x)),
  };
}

/** Moves running statistics towards those of the batch. */
function follow(running: readonly [Variable, Variable], batch: readonly [Tensor, Tensor]): void {
  tidy(() => {
    const moved = isOnWebgpu()
      ? runAverages(running, batch, momentum)
      : running.map((before, index) => add(mul(before, momentum), mul(batch[index] as Tensor, 1 - momentum)));
    for (const [index, variable] of running.entries()) variable.assign(moved[index] as Variable);
  });
}
