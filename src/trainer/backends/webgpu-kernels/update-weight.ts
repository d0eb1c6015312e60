import type { Tensor } from '@tensorflow/tfjs-core';
import { eachElement } from './channel-lanes.js';
import { mostThreads, runShader, type Shader } from './run-shader.js';

/** One weight's update as statements in WGSL that set `weight` and its slots from `gradient` and `rate`, for each element. */
export interface UpdateFormula {
  readonly slots: readonly string[];
  readonly wgsl: string;
}

/**
 * New values of a weight and its slots, by one program. `factors` [2] are the rate and the number that gradients are multiplied
 * with; as a tensor, so that nothing waits for the card.
 */
export function updateWeight(
  formula: UpdateFormula,
  factors: Tensor,
  gradient: Tensor,
  targets: readonly Tensor[],
): Tensor[] {
  return runShader(shaderOf(formula), {
    // Eight buffers with the outputs, of a rule with two slots: as many as WebGPU promises.
    inputs: [factors, gradient, ...targets],
    ...eachElement(gradient),
    shapes: targets.map(({ shape }) => shape),
  });
}

/** The same in the memory of the weight and its slots, which nobody else may look at. */
export function updateWeightInPlace(
  formula: UpdateFormula,
  factors: Tensor,
  gradient: Tensor,
  targets: readonly Tensor[],
): void {
  runShader(shaderInPlace(formula), { inputs: [factors, gradient], ...eachElement(gradient), into: targets });
}

function shaderOf({ slots, wgsl }: UpdateFormula): Shader {
  const targets = ['weight', ...slots];
  return {
    name: `update ${wgsl}`,
    outputs: targets.map((name) => `${name}Out`),
    inputs: ['factors', 'gradients', ...targets.map((name) => `${name}In`)],
    ...codeOf(wgsl, targets, 'In', 'Out'),
  };
}

function shaderInPlace({ slots, wgsl }: UpdateFormula): Shader {
  const targets = ['weight', ...slots];
  return {
    name: `update in place ${wgsl}`,
    outputs: targets.map((name) => `${name}Here`),
    inputs: ['factors', 'gradients'],
    ...codeOf(wgsl, targets, 'Here', 'Here'),
  };
}

function codeOf(wgsl: string, targets: readonly string[], from: string, to: string): Pick<Shader, 'sizes' | 'code'> {
  return {
    sizes: ['elements', 'channels'],
    code: () => `
      @compute @workgroup_size(${mostThreads})
      fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
        let rate = factors[0];
        let scale = factors[1];
        for (var at = id.x; at < u32(sizes.elements); at += groups.x * ${mostThreads}) {
          let gradient = scale * gradients[at];
          ${targets.map((name) => `var ${name} = ${name}${from}[at];`).join('\n')}
          ${wgsl}
          ${targets.map((name) => `${name}${to}[at] = ${name};`).join('\n')}
        }
      }`,
  };
}
