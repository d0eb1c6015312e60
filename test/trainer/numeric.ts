import { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import type { Tensor } from '@tensorflow/tfjs-core';
import {
  copyRegisteredKernels,
  enableProdMode,
  grads,
  registerBackend,
  setBackend,
  tensor,
  tidy,
} from '@tensorflow/tfjs-core';
import { beforeAll, expect } from 'vitest';
import { loadCpuBackend } from '../../src/trainer/backends/cpu-backend.js';
import { loadWasmBackend } from '../../src/trainer/backends/wasm-backend.js';
import { registerGradients } from '../../src/trainer/nn/autodiff/index.js';
import { createRandom } from '../../src/trainer/random/random.js';

/** Arrays by name, row-major. */
export type Arrays<Name extends string> = Readonly<Record<Name, number[]>>;

/**
 * Backends that a suite runs on. `device` is plain JS under another name, so that the code takes the paths that it takes on
 * native TensorFlow, where a tensor's memory is elsewhere.
 */
export const backends = ['wasm', 'cpu', 'device'] as const;

/** Makes every test of the enclosing suite run on one backend. */
export function useBackend(name: (typeof backends)[number]): void {
  beforeAll(async () => {
    registerGradients();
    enableProdMode();
    if (name === 'wasm') await loadWasmBackend();
    else if (name === 'cpu') await loadCpuBackend();
    else await startPlainJs(name);
  });
}

/** Starts the plain JS backend under a name of its own, with its own copy of the kernels. */
export async function startPlainJs(name: string): Promise<void> {
  enableProdMode();
  if (registerBackend(name, () => new MathBackendCPU())) copyRegisteredKernels('cpu', name);
  await setBackend(name);
}

/** Fixed random numbers in ±1. */
export function randomValues(size: number, ...labels: (string | number)[]): Float32Array {
  const random = createRandom(1, ...labels);
  return Float32Array.from({ length: size }, () => random.uniform(-1, 1));
}

/** A float32 tensor of fixed random numbers in ±1. */
export function randomTensor<T extends Tensor>(shape: number[], label: string): T {
  return tensor(randomValues(sizeOf(shape), label), shape) as T;
}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, length) => size * length, 1);
}

/**
 * Checks a computation against its naive version in float64: the value, and the gradient with respect to every element of
 * every input against central differences of the naive version.
 */
export function expectAsReference<Name extends string>(
  inputs: Readonly<Record<Name, Tensor>>,
  run: () => Tensor,
  reference: (arrays: Arrays<Name>) => number[],
  tolerance = 1e-4,
): void {
  tidy(() => {
    const names = Object.keys(inputs) as Name[];
    const arrays = Object.fromEntries(names.map((name) => [name, [...inputs[name].dataSync()]])) as Arrays<Name>;
    const output = run();
    expectClose(output.dataSync(), reference(arrays), tolerance);
    const weights = randomValues(output.size, 'weights');
    const gradients = grads(run)(Object.values(inputs) as Tensor[], tensor(weights, output.shape));
    for (const [index, name] of names.entries()) {
      const project = () => dot(reference(arrays), weights);
      expectClose((gradients[index] as Tensor).dataSync(), centralDifferences(project, arrays[name]), tolerance, name);
    }
  });
}

/** Compares element by element, relative to the larger of 1 and the expected value. */
export function expectClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  name = 'value',
): void {
  expect(actual.length, `length of ${name}`).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs((actual[i] as number) - (expected[i] as number));
    const allowed = tolerance * Math.max(1, Math.abs(expected[i] as number));
    if (!(error <= allowed)) expect.fail(`${name}[${i}] is ${actual[i]}, expected ${expected[i]}`);
  }
}

/** Numeric gradient of `evaluate` with respect to an array that it reads. */
export function centralDifferences(evaluate: () => number, values: number[], stepSize = 1e-4): number[] {
  return values.map((value, at) => {
    values[at] = value + stepSize;
    const above = evaluate();
    values[at] = value - stepSize;
    const below = evaluate();
    values[at] = value;
    return (above - below) / (2 * stepSize);
  });
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < a.length; i++) total += (a[i] as number) * (b[i] as number);
  return total;
}
