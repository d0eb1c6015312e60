import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import { dispose, grads, tensor, tidy } from '@tensorflow/tfjs-core';
import { createRandom } from '../../random/random.js';
import { type BuiltCase, type OpCase, randomNumbers } from './op-case.js';

/** What a backend made of a case. */
export interface OpResult {
  readonly name: string;
  readonly kind: OpCase['kind'];
  /** Sum of the output, weighted with fixed random numbers, in double precision. */
  readonly value: number;
  /** The largest difference of a derivative from the numeric one, relative to the larger of 1 and the largest derivative. */
  readonly gradientError: number;
  /** Derivatives that were compared. */
  readonly derivatives: number;
  /** Why it could not be computed. */
  readonly failure?: string;
}

/** Numeric derivatives by steps of these sizes; the closer one counts, since a kink may lie within the larger. */
const stepSizes = [1e-2, 1e-3];
/** A network has many parameters, and takes long to run. */
const networkSamples = 3;
/** With a single derivative of each, a look at some of a network's parameters has to do. */
const networkParameters = 6;

/** Compares a case's gradient with numeric ones, element by element, at up to `samples` elements of each parameter. */
export async function checkOp({ name, kind, build }: OpCase, samples: number): Promise<OpResult> {
  try {
    const built = build();
    try {
      const most = kind === 'network' ? Math.min(samples, networkSamples) : samples;
      const every = kind === 'network' && samples === 1 ? Math.ceil(built.parameters.length / networkParameters) : 1;
      return { name, kind, ...(await compare(name, built, most, every)) };
    } finally {
      built.dispose();
    }
  } catch (error) {
    const failure = (error as Error).message.trim().split('\n')[0] ?? 'unknown';
    return { name, kind, value: Number.NaN, gradientError: Number.NaN, derivatives: 0, failure };
  }
}

/** Looks at every `every`-th parameter. */
async function compare(name: string, { parameters, run }: BuiltCase, samples: number, every: number) {
  const output = tidy(run);
  const weights = randomNumbers(output.shape, [name, 'weights']);
  const value = dot(await output.data(), weights);
  const gradients = differentiate(run, parameters, weights, output.shape);
  output.dispose();
  const analytic = await Promise.all(gradients.map((gradient) => gradient.data()));
  dispose(gradients);
  const valueNow = async () => {
    const moved = tidy(run);
    const projected = dot(await moved.data(), weights);
    moved.dispose();
    return projected;
  };
  const scale = Math.max(1, ...analytic.map(largest));
  let [gradientError, derivatives] = [0, 0];
  for (const [index, parameter] of parameters.entries()) {
    if (index % every !== 0) continue;
    const values = Float32Array.from(await parameter.data());
    for (const at of chooseElements(parameter.size, samples, [name, String(index)])) {
      const slope = (analytic[index] as ArrayLike<number>)[at] as number;
      let error = Number.POSITIVE_INFINITY;
      for (const step of stepSizes) {
        if (error < 1e-3 * scale) break;
        error = Math.min(error, Math.abs(slope - (await slopeBy(parameter, values, at, step, valueNow))));
      }
      gradientError = Math.max(gradientError, error / scale);
      derivatives++;
    }
  }
  return { value, gradientError, derivatives };
}

function differentiate(
  run: () => Tensor,
  parameters: readonly Variable[],
  weights: Float32Array,
  shape: number[],
): Tensor[] {
  return tidy(() => grads(() => run())([...parameters], tensor(weights, shape)));
}

async function slopeBy(
  parameter: Variable,
  values: Float32Array,
  at: number,
  step: number,
  valueNow: () => Promise<number>,
): Promise<number> {
  const valueAt = (distance: number) => {
    assign(parameter, values, at, distance);
    return valueNow();
  };
  // What was really added, once it is rounded to float32.
  const [up, down] = [step, -step].map((distance) => Math.fround((values[at] as number) + distance)) as [
    number,
    number,
  ];
  const slope = ((await valueAt(step)) - (await valueAt(-step))) / (up - down);
  assign(parameter, values, at, 0);
  return slope;
}

function assign(parameter: Variable, values: Float32Array, at: number, distance: number): void {
  tidy(() => {
    const moved = values.slice();
    moved[at] = (moved[at] as number) + distance;
    parameter.assign(tensor(moved, parameter.shape) as Variable);
  });
}

/** All elements of a small parameter; of a large one a fixed random choice. */
function chooseElements(size: number, samples: number, labels: readonly string[]): number[] {
  if (size <= samples) return Array.from({ length: size }, (_, index) => index);
  const random = createRandom(0, 'op-suite', 'elements', ...labels);
  return Array.from({ length: samples }, () => Math.min(size - 1, Math.floor(random.uniform(0, size))));
}

function largest(values: ArrayLike<number>): number {
  return Array.from(values).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < a.length; i++) total += (a[i] as number) * (b[i] as number);
  return total;
}
