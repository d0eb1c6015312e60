import type { Scalar, Tensor, Variable } from '@tensorflow/tfjs-core';
import { mul, scalar, stack, tidy, variable, zeros } from '@tensorflow/tfjs-core';
import { computeOnHost, isOnHost } from '../../backends/host.js';
import { isOnWebgpu } from '../../backends/webgpu-kernels/run-shader.js';
import { updateWeight, updateWeightInPlace } from '../../backends/webgpu-kernels/update-weight.js';
import type { Module } from '../module.js';
import { stepEffect, stepScalar } from '../step-input.js';
import type { FusedRule } from './fused-update.js';
import { updateFused } from './fused-update.js';

/** Gradients by variable path. */
export type Gradients = ReadonlyMap<string, Tensor>;

/** Updates the trainable variables of one module. */
export interface Optimizer {
  /**
   * Takes one step. `scale` multiplies every gradient first (clipping by global norm without a pass of its own). A learning
   * rate that changes is given as a function, for a step that is recorded and replayed. Variables without a gradient stay as
   * they are.
   */
  readonly apply: (gradients: Gradients, learningRate: number | (() => number), scale?: Scalar) => void;
  /** State that has to be saved, by checkpoint path, e.g. `generator/enc0/conv0/kernel/.OPTIMIZER_SLOT/optimizer_g/m`. */
  readonly slots: () => ReadonlyMap<string, Variable>;
  /** Steps taken; saved too. */
  readonly iterations: { readonly get: () => number; readonly set: (count: number) => void };
  readonly dispose: () => void;
}

/** One formula: from the gradient, the variable and its slots to their new values, for each element. */
export interface UpdateRule {
  readonly slots: readonly string[];
  /** The rate that the formula multiplies with in the `count`-th step, from 1. */
  readonly rateAt: (learningRate: number, count: number) => number;
  /** Loop over host arrays: `inputs` are gradient, variable, slots; `outputs` variable, slots. */
  readonly onHost: (step: HostStep, outputs: Float32Array[], inputs: Float32Array[]) => void;
  /** The same with tensor operations, for backends whose memory is elsewhere. */
  readonly onDevice: (rate: Scalar, gradient: Tensor, variable: Tensor, slots: Tensor[]) => Tensor[];
  /** The same as statements in WGSL: from `gradient` and `rate` it sets `weight` and the slots by their names. */
  readonly wgsl: string;
  /** TensorFlow's one operation for it, for steps that are recorded. */
  readonly fused: FusedRule;
}

/** Numbers of one step on the host; `scale` is the gradients' factor. */
export interface HostStep {
  readonly rate: number;
  readonly scale: number;
}

/** Makes an optimizer called `name` from its formula, with slots of zeros for each trainable variable. */
export function createOptimizer(name: string, module: Module, rule: UpdateRule): Optimizer {
  let iterations = 0;
  const slots = new Map<string, Variable>();
  for (const [path, { shape }] of module.trainable) {
    for (const slot of rule.slots) slots.set(slotPath(path, name, slot), zeroVariable(shape));
  }
  const counting = {
    run: () => {
      iterations++;
    },
    undo: () => {
      iterations--;
    },
  };
  const updateOne = (path: string, gradient: Tensor, update: Update) => {
    const weight = module.trainable.get(path);
    if (weight === undefined) throw new Error(`${path} is no trainable variable of ${name}`);
    update(gradient, [weight, ...rule.slots.map((slot) => slots.get(slotPath(path, name, slot)) as Variable)]);
  };
  return {
    slots: () => slots,
    iterations: {
      get: () => iterations,
      set: (count) => {
        iterations = count;
      },
    },
    apply: (gradients, learningRate, scale) => {
      stepEffect(counting);
      const readRate = () => rule.rateAt(typeof learningRate === 'number' ? learningRate : learningRate(), iterations);
      tidy(() => {
        const update = isOnHost()
          ? hostUpdate(rule, readRate(), scale)
          : (isOnWebgpu() ? webgpuUpdate : deviceUpdate)(rule, stepScalar(readRate), scale);
        for (const [path, gradient] of gradients) updateOne(path, gradient, update);
      });
    },
    dispose: () => {
      for (const slot of slots.values()) slot.dispose();
    },
  };
}

/** Updates a weight and its slots from the weight's gradient. */
type Update = (gradient: Tensor, targets: readonly [Variable, ...Variable[]]) => void;

function hostUpdate(rule: UpdateRule, rate: number, scale: Scalar | undefined): Update {
  const step = { rate, scale: scale === undefined ? 1 : (scale.dataSync()[0] as number) };
  return (gradient, targets) => {
    // New arrays instead of writing in place: wasm kernels cache what they derived from a tensor by its identity.
    const shapes = targets.map(({ shape }) => shape);
    const values = computeOnHost([gradient, ...targets], shapes, (outputs, inputs) =>
      rule.onHost(step, outputs, inputs),
    );
    assignAll(targets, values);
  };
}

function deviceUpdate(rule: UpdateRule, rate: Scalar, scale: Scalar | undefined): Update {
  return (unscaled, targets) => {
    const gradient = scale === undefined ? unscaled : mul(unscaled, scale);
    updateFused({ rule: rule.fused, rate, gradient, targets }, () => {
      const [weight, ...slots] = targets;
      assignAll(targets, rule.onDevice(rate, gradient, weight, slots));
    });
  };
}

function webgpuUpdate(rule: UpdateRule, rate: Scalar, scale: Scalar | undefined): Update {
  const factors = stack([rate, scale ?? scalar(1)]);
  return (gradient, targets) => {
    const inPlace = () => updateWeightInPlace(rule, factors, gradient, targets);
    updateFused({ rule: rule.fused, rate, gradient, targets, inPlace }, () =>
      assignAll(targets, updateWeight(rule, factors, gradient, targets)),
    );
  };
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
