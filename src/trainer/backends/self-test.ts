import type { Tensor } from '@tensorflow/tfjs-core';
import { grads, tensor, tidy } from '@tensorflow/tfjs-core';
import { createRandom } from '../random/random.js';
import type { SelfTestCase } from './self-test-case.js';
import { selfTestCases } from './self-test-cases.js';

/** What a backend made of a case: the value, the slope along one direction by its gradient, and the same by two more values. */
export interface SelfTestResult {
  readonly value: number;
  readonly slope: number;
  readonly numericSlope: number;
}

/** Step of the numeric gradient: as small as float32 outputs allow, so that few kinks lie within it. */
const stepSize = 5e-4;
const tolerance = 0.02;

/** Runs every case on tfjs' current backend and names those whose value or gradient is wrong. */
export function failedChecks(cases: readonly SelfTestCase[] = selfTestCases): string[] {
  return cases.filter((testCase) => !passes(testCase)).map(({ name }) => name);
}

function passes(testCase: SelfTestCase): boolean {
  const { value, slope, numericSlope } = runSelfTestCase(testCase);
  const scale = Math.max(1, Math.abs(numericSlope));
  return Math.abs(value - testCase.expected) < 1e-3 && Math.abs(slope - numericSlope) < tolerance * scale;
}

/** Computes one case on the current backend. */
export function runSelfTestCase({ name, inputs, run }: SelfTestCase): SelfTestResult {
  const values = inputs.map((shape, index) => randomValues(shape, name, `input ${index}`));
  const directions = inputs.map((shape, index) => randomValues(shape, name, `direction ${index}`));
  const valueAt = (distance: number) => tidy(() => project(run(...moved(inputs, values, directions, distance)), name));
  const slope = tidy(() => {
    const tensors = moved(inputs, values, directions, 0);
    const { shape } = run(...tensors);
    const gradients = grads((...parameters: Tensor[]) => run(...parameters))(
      tensors,
      tensor(randomValues(shape, name, 'weights'), shape),
    );
    return gradients.reduce(
      (total, gradient, index) => total + dot(gradient.dataSync(), directions[index] as Float32Array),
      0,
    );
  });
  return { value: valueAt(0), slope, numericSlope: (valueAt(stepSize) - valueAt(-stepSize)) / (2 * stepSize) };
}

function moved(
  shapes: readonly number[][],
  values: Float32Array[],
  directions: Float32Array[],
  distance: number,
): Tensor[] {
  return shapes.map((shape, index) => {
    const direction = directions[index] as Float32Array;
    return tensor(
      (values[index] as Float32Array).map((value, at) => value + distance * (direction[at] as number)),
      shape,
    );
  });
}

/** In double precision, since a numeric gradient is a small difference of two such sums. */
function project(output: Tensor, name: string): number {
  return dot(output.dataSync(), randomValues(output.shape, name, 'weights'));
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < a.length; i++) total += (a[i] as number) * (b[i] as number);
  return total;
}

function randomValues(shape: readonly number[], ...labels: string[]): Float32Array {
  const random = createRandom(0, 'self-test', ...labels);
  return Float32Array.from({ length: shape.reduce((size, length) => size * length, 1) }, () => random.uniform(-1, 1));
}
