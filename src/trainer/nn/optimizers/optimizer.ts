import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import { addN, mul, sqrt, square, sum, tidy, variable, zeros } from '@tensorflow/tfjs-core';
import { computeOnHost, isOnHost } from '../../backends/host.js';
import type { Module } from '../module.js';

/** Gradients by variable path. */
export type Gradients = ReadonlyMap<string, Tensor>;

/** Updates the trainable variables of one module. */
export interface Optimizer {
  /**
   * Takes one step. `scale` multiplies every gradient first (clipping by global norm without a pass of its own). Variables
   * without a gradient stay as they are.
   */
  readonly apply: (gradients: Gradients, learningRate: number, scale?: number) => void;
  /** State that has to be saved, by checkpoint path, e.g. `generator/enc0/conv0/kernel/.OPTIMIZER_SLOT/optimizer_g/m`. */
  readonly slots: () => ReadonlyMap<string, Variable>;
  /** Steps taken; saved too. */
  readonly iterations: { readonly get: () => number; readonly set: (count: number) => void };
  readonly dispose: () => void;
}

/** One formula: from the gradient, the variable and its slots to their new values, for each element. */
export interface UpdateRule {
  readonly slots: readonly string[];
  /** Loop over host arrays: `inputs` are gradient, variable, slots; `outputs` variable, slots. */
  readonly onHost: (step: UpdateStep, outputs: Float32Array[], inputs: Float32Array[]) => void;
  /** The same with tensor operations, for backends whose memory is elsewhere. */
  readonly onDevice: (step: UpdateStep, gradient: Tensor, variable: Tensor, slots: Tensor[]) => Tensor[];
}

/** Numbers of one step: `count` is 1 in the first. */
export interface UpdateStep {
  readonly learningRate: number;
  readonly count: number;
  readonly scale: number;
}

/** Makes an optimizer called `name` from its formula, with slots of zeros for each trainable variable. */
export function createOptimizer(name: string, module: Module, rule: UpdateRule): Optimizer {
  let iterations = 0;
  const slots = new Map<string, Variable>();
  for (const [path, { shape }] of module.trainable) {
    for (const slot of rule.slots) slots.set(slotPath(path, name, slot), zeroVariable(shape));
  }
  const updateOne = (path: string, gradient: Tensor, step: UpdateStep) => {
    const weight = module.trainable.get(path);
    if (weight === undefined) throw new Error(`${path} is no trainable variable of ${name}`);
    const state = rule.slots.map((slot) => slots.get(slotPath(path, name, slot)) as Variable);
    assignAll([weight, ...state], computeUpdate(rule, step, gradient, weight, state));
  };
  return {
    slots: () => slots,
    iterations: {
      get: () => iterations,
      set: (count) => {
        iterations = count;
      },
    },
    apply: (gradients, learningRate, scale = 1) => {
      iterations++;
      const step = { learningRate, scale, count: iterations };
      tidy(() => {
        for (const [path, gradient] of gradients) updateOne(path, gradient, step);
      });
    },
    dispose: () => {
      for (const slot of slots.values()) slot.dispose();
    },
  };
}

/** √ of the sum of squares of all gradients, as a scalar tensor. */
export function globalNorm(gradients: Gradients): Tensor {
  const all = [...gradients.values()];
  if (!isOnHost()) return tidy(() => sqrt(addN(all.map((gradient) => sum(square(gradient))))));
  const [norm] = computeOnHost(all, [[]], ([out], arrays) => {
    (out as Float32Array)[0] = Math.sqrt(arrays.reduce((total, array) => total + sumOfSquares(array), 0));
  });
  return norm as Tensor;
}

/** Factor that brings a global norm down to `limit` (Pascanu et al. 2013); 0 means no limit. */
export function clipScale(norm: number, limit: number): number {
  return limit > 0 && norm > limit ? limit / norm : 1;
}

function sumOfSquares(values: Float32Array): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += (values[i] as number) * (values[i] as number);
  return total;
}

function computeUpdate(
  rule: UpdateRule,
  step: UpdateStep,
  gradient: Tensor,
  weight: Variable,
  state: Variable[],
): Tensor[] {
  if (!isOnHost()) return rule.onDevice(step, mul(gradient, step.scale), weight, state);
  // New arrays instead of writing in place: wasm kernels cache what they derived from a tensor by its identity.
  const shapes = [weight, ...state].map(({ shape }) => shape);
  return computeOnHost([gradient, weight, ...state], shapes, (outputs, inputs) => rule.onHost(step, outputs, inputs));
}

function assignAll(targets: readonly Variable[], values: readonly Tensor[]): void {
  for (const [index, target] of targets.entries()) {
    const value = values[index] as Tensor;
    target.assign(value);
    value.dispose();
  }
}

function slotPath(path: string, optimizer: string, slot: string): string {
  return `${path}/.OPTIMIZER_SLOT/${optimizer}/${slot}`;
}

function zeroVariable(shape: number[]): Variable {
  const initial = zeros(shape);
  const made = variable(initial, false);
  initial.dispose();
  return made;
}
