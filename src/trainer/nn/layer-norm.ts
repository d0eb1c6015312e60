import type { Tensor, Tensor1D, Variable } from '@tensorflow/tfjs-core';
import { ones, zeros } from './initializers.js';
import type { VariableScope } from './module.js';
import { layerNormalize } from './ops/layer-normalize.js';

/** Keras' default. */
const epsilon = 1e-3;

/** Makes gamma and beta, and returns the normalisation of each vector of channels (the last axis). */
export function layerNorm(scope: VariableScope, channels: number): <T extends Tensor>(x: T) => T {
  const { gamma, beta } = affine(scope, channels);
  return (x) => layerNormalize(x, { gamma, beta, epsilon, parts: x.size / channels });
}

/**
 * The same over whole lines: each image of x [N, height, width, channels] for itself. Unlike batch norm it lets no line see
 * the others of its batch, which a gradient penalty and micro-batches need (Gulrajani et al. 2017).
 */
export function lineNorm(scope: VariableScope, channels: number): <T extends Tensor>(x: T) => T {
  const { gamma, beta } = affine(scope, channels);
  return (x) => layerNormalize(x, { gamma, beta, epsilon, parts: x.shape[0] as number });
}

function affine(scope: VariableScope, channels: number): { gamma: Tensor1D; beta: Tensor1D } {
  const gamma = scope.weight('gamma', [channels], ones) as Variable & Tensor1D;
  const beta = scope.weight('beta', [channels], zeros) as Variable & Tensor1D;
  return { gamma, beta };
}
