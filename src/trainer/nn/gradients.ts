import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import { engine, keep, variableGrads } from '@tensorflow/tfjs-core';
import { registerGradients } from './autodiff/index.js';
import type { Module } from './module.js';
import type { Gradients } from './optimizers/optimizer.js';

/** A loss, its gradients by variable path, and what else its computation yields. The caller frees all tensors. */
export interface Differentiated<Extra> {
  readonly loss: Scalar;
  readonly gradients: Gradients;
  readonly extra: Extra;
}

/**
 * Differentiates a loss with respect to a module's trainable variables. `compute` must `keep` those tensors of `extra` that
 * are to outlive it.
 */
export function differentiate<Extra>(
  module: Module,
  compute: () => { readonly loss: Scalar; readonly extra: Extra },
): Differentiated<Extra> {
  registerGradients();
  const extras: Extra[] = [];
  const gradients = new Map<string, Tensor>();
  const loss = scoped(() => {
    const { value, grads } = variableGrads(() => {
      const { loss, extra } = compute();
      extras.push(extra);
      return loss;
    }, [...module.trainable.values()]);
    for (const [path, { name }] of module.trainable) {
      const gradient = grads[name];
      if (gradient !== undefined) gradients.set(path, keep(gradient));
    }
    return keep(value);
  });
  return { loss, gradients, extra: extras[0] as Extra };
}

/** Runs a function and frees every tensor it made but those that were kept. */
export function scoped<Result>(run: () => Result): Result {
  engine().startScope();
  try {
    return run();
  } finally {
    engine().endScope();
  }
}
