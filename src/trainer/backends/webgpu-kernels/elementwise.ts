import type { Tensor } from '@tensorflow/tfjs-core';
import { eachElement } from './channel-lanes.js';
import { mostThreads, runShader, type Shader } from './run-shader.js';

/** The leaky rectifier by one program. */
export function runRectifier(x: Tensor, slope: number): Tensor {
  const formula = `select(${slope} * x[at], x[at], x[at] > 0)`;
  const shader = elementwise(`rectifier ${slope}`, ['x'], { y: formula });
  return runShader(shader, { inputs: [x], ...eachElement(x) })[0] as Tensor;
}

/** Its gradient from its output `y`, by one program. */
export function runRectifierGradient(dy: Tensor, y: Tensor, slope: number): Tensor {
  const formula = `dy[at] * select(${slope}, 1.0, y[at] > 0)`;
  const shader = elementwise(`gradient of rectifier ${slope}`, ['dy', 'y'], { dx: formula });
  return runShader(shader, { inputs: [dy, y], ...eachElement(dy) })[0] as Tensor;
}

/** Mean and variance of channels. */
type Statistics = readonly [mean: Tensor, variance: Tensor];

/** Moves running statistics towards those of a batch by one program: running · momentum + batch · (1 − momentum). */
export function runAverages(running: Statistics, batch: Statistics, momentum: number): [Tensor, Tensor] {
  const shader = elementwise(`averages ${momentum}`, ['mean', 'variance', 'batchMean', 'batchVariance'], {
    nextMean: `mean[at] * ${momentum} + batchMean[at] * ${1 - momentum}`,
    nextVariance: `variance[at] * ${momentum} + batchVariance[at] * ${1 - momentum}`,
  });
  const [{ shape }] = running;
  const call = { ...eachElement(running[0]), inputs: [...running, ...batch], shapes: [shape, shape] };
  return runShader(shader, call) as [Tensor, Tensor];
}

/** A program that computes each element of its outputs, all of one shape, by the formula of each. */
function elementwise(name: string, inputs: readonly string[], formulas: Readonly<Record<string, string>>): Shader {
  const statements = Object.entries(formulas).map(([output, formula]) => `${output}[at] = ${formula};`);
  return {
    name,
    outputs: Object.keys(formulas),
    inputs,
    sizes: ['elements', 'channels'],
    code: () => `
      @compute @workgroup_size(${mostThreads})
      fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
        for (var at = id.x; at < u32(sizes.elements); at += groups.x * ${mostThreads}) { ${statements.join(' ')} }
      }`,
  };
}
