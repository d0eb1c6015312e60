import type { Tensor } from '@tensorflow/tfjs-core';
import { eachElement } from './channel-lanes.js';
import { mostThreads, runShader, type Shader } from './run-shader.js';

/** The leaky rectifier by one program. */
export function runRectifier(x: Tensor, slope: number): Tensor {
  const shader = elementwise(`rectifier ${slope}`, ['x'], `select(${slope} * x[at], x[at], x[at] > 0)`);
  return runShader(shader, { inputs: [x], ...eachElement(x) })[0] as Tensor;
}

/** Its gradient from its output `y`, by one program. */
export function runRectifierGradient(dy: Tensor, y: Tensor, slope: number): Tensor {
  const shader = elementwise(
    `gradient of rectifier ${slope}`,
    ['dy', 'y'],
    `dy[at] * select(${slope}, 1.0, y[at] > 0)`,
  );
  return runShader(shader, { inputs: [dy, y], ...eachElement(dy) })[0] as Tensor;
}

/** Moves a running statistic towards that of a batch: running · momentum + batch · (1 − momentum), by one program. */
export function runAverage(running: Tensor, batch: Tensor, momentum: number): Tensor {
  const shader = elementwise(
    `average ${momentum}`,
    ['running', 'batch'],
    `running[at] * ${momentum} + batch[at] * ${1 - momentum}`,
  );
  return runShader(shader, { inputs: [running, batch], ...eachElement(running) })[0] as Tensor;
}

function elementwise(name: string, inputs: readonly string[], formula: string): Shader {
  return {
    name,
    outputs: ['result'],
    inputs,
    sizes: ['elements', 'channels'],
    code: () => `
      @compute @workgroup_size(${mostThreads})
      fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
        for (var at = id.x; at < u32(sizes.elements); at += groups.x * ${mostThreads}) { result[at] = ${formula}; }
      }`,
  };
}
