import type { Tensor } from '@tensorflow/tfjs-core';
import { dispose, grads, tensor, tidy } from '@tensorflow/tfjs-core';
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

/** Runs every case on tfjs's current backend and names those whose value or gradient is wrong. */
export async function failedChecks(cases: readonly SelfTestCase[] = selfTestCases): Promise<string[]> {
  const failed: string[] = [];
  for (const testCase of cases) if (!(await passes(testCase))) failed.push(testCase.name);
  return failed;
}

async function passes(testCase: SelfTestCase): Promise<boolean> {
  const { value, slope, numericSlope } = await runSelfTestCase(testCase);
  const scale = Math.max(1, Math.abs(numericSlope));
  return Math.abs(value - testCase.expected) < 1e-3 && Math.abs(slope - numericSlope) < tolerance * scale;
}

/** Computes one case on the current backend. Reads asynchronously: a GPU under WebGPU cannot be read in any other way. */
export async function runSelfTestCase({ name, inputs, run }: SelfTestCase): Promise<SelfTestResult> {
  const values = inputs.map((shape, index) => randomValues(shape, name, `input ${index}`));
  const directions = inputs.map((shape, index) => randomValues(shape, name, `direction ${index}`));
  const outputAt = (distance: number) => tidy(() => run(...moved(inputs, values, directions, distance)));
  const [at, after, before] = [outputAt(0), outputAt(stepSize), outputAt(-stepSize)];
  const gradients = tidy(() => {
    const weights = tensor(randomValues(at.shape, name, 'weights'), at.shape);
    return grads((...parameters: Tensor[]) => run(...parameters))(moved(inputs, values, directions, 0), weights);
  });
  // All reads at once: each waits for the device.
  const [value, above, below] = await Promise.all([at, after, before].map((output) => project(output, name)));
  const slopes = await Promise.all(
    gradients.map(async (gradient, index) => dot(await gradient.data(), directions[index] as Float32Array)),
  );
  dispose([at, after, before, ...gradients]);
  return {
    value: value as number,
    slope: slopes.reduce((total, slope) => total + slope, 0),
    numericSlope: ((above as number) - (below as number)) / (2 * stepSize),
  };
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
async function project(output: Tensor, name: string): Promise<number> {
  return dot(await output.data(), randomValues(output.shape, name, 'weights'));
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
