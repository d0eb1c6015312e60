import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import { dispose, variable } from '@tensorflow/tfjs-core';
import { fillTensor } from '../backends/fill-tensor.js';
import { constant, type Initializer, zeros } from './initializers.js';

/** A network or layer, seen from outside: its variables by path, such as `generator/enc0/conv0/kernel`. */
export interface Module {
  /** All that has to be saved: trainable variables and running statistics. */
  readonly variables: ReadonlyMap<string, Variable>;
  /** The variables that an optimizer updates. */
  readonly trainable: ReadonlyMap<string, Variable>;
}

/** What a forward pass depends on beside its input and the weights. */
export interface Pass {
  /** Whether batch statistics are used (and the running ones updated) and dropout drops. */
  readonly training: boolean;
  /** Seed of the run, and steps done in it: together with a layer's path they decide its dropout mask. */
  readonly seed: number;
  readonly step: number;
  /** The lines of the step that this pass is about, when it is not about all of them. */
  readonly lines?: LineRange;
}

/** A micro-batch: `count` lines from line `first` of a step on `of` lines. */
export interface LineRange {
  readonly first: number;
  readonly count: number;
  readonly of: number;
}

/** The pass of evaluation: running statistics, no dropout. */
export const inference: Pass = { training: false, seed: 0, step: 0 };

/** Where layers put their variables: one path of a module under construction. */
export interface VariableScope {
  readonly path: string;
  readonly scope: (name: string) => VariableScope;
  /** Makes a trainable float32 variable; its initial values depend on the seed and its path only. */
  readonly weight: (name: string, shape: number[], initialize: Initializer) => Variable;
  /** Makes a float32 variable that is saved but not trained. */
  readonly statistic: (name: string, shape: number[], value: number) => Variable;
}

/** A module under construction: the scope that layers fill, and the maps they fill. */
export interface ModuleBuilder extends Module {
  readonly root: VariableScope;
}

/** What the variables of modules begin with: their initial values, zeros, or nothing that could be computed with. */
let content: 'values' | 'zeros' | 'shapes' = 'values';

/**
 * Builds a module without values: its variables have paths, shapes and sizes, and cannot be computed with. For counting what
 * would not fit into memory.
 */
export function planModule<M extends Module>(build: () => M): M {
  return buildWith('shapes', build);
}

/** Builds a module whose variables are all assigned afterwards: drawing their initial values would take longer. */
export function blankModule<M extends Module>(build: () => M): M {
  return buildWith('zeros', build);
}

function buildWith<M extends Module>(wanted: typeof content, build: () => M): M {
  content = wanted;
  try {
    return build();
  } finally {
    content = 'values';
  }
}

/** Starts a module whose variables' paths begin with `name`. */
export function buildModule(name: string, seed: number): ModuleBuilder {
  const variables = new Map<string, Variable>();
  const trainable = new Map<string, Variable>();
  const add = (path: string, initialize: Initializer, shape: number[], isTrainable: boolean) => {
    if (variables.has(path)) throw new Error(`two variables are called ${path}`);
    const fill = content === 'zeros' ? zeros : initialize;
    const write = (into?: Float32Array) => fill(shape, seed, path, into);
    const made = content === 'shapes' ? planVariable(shape) : makeVariable(write, shape, isTrainable);
    variables.set(path, made);
    if (isTrainable) trainable.set(path, made);
    return made;
  };
  const scopeAt = (path: string): VariableScope => ({
    path,
    scope: (child) => scopeAt(`${path}/${child}`),
    weight: (child, shape, initialize) => add(`${path}/${child}`, initialize, shape, true),
    statistic: (child, shape, value) => add(`${path}/${child}`, constant(value), shape, false),
  });
  return { variables, trainable, root: scopeAt(name) };
}

/** The values are the backend's own from the beginning: those of a checkpoint can take their place in its memory. */
function makeVariable(write: (into?: Float32Array) => Float32Array, shape: number[], isTrainable: boolean): Variable {
  const initial = fillTensor(shape, 'float32', (into) => bytesOf(write(into && floatsOf(into))));
  const made = variable(initial, isTrainable);
  initial.dispose();
  return made;
}

function floatsOf({ buffer, byteOffset, byteLength }: Uint8Array): Float32Array {
  return new Float32Array(buffer, byteOffset, byteLength / 4);
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function planVariable(shape: number[]): Variable {
  return { shape, size: sizeOf(shape), dtype: 'float32' } as unknown as Variable;
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, length) => size * length, 1);
}

/** Frees a module's variables. */
export function disposeModule(module: Module): void {
  dispose([...module.variables.values()] as Tensor[]);
}

/** Number of values in a module's trainable variables. */
export function countParameters(module: Module): number {
  return [...module.trainable.values()].reduce((count, { size }) => count + size, 0);
}
