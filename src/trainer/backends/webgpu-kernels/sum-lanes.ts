import type { Tensor } from '@tensorflow/tfjs-core';
import { mostThreads, runShader, type Shader } from './run-shader.js';

/** Sums of a workgroup, each of which several threads add up. */
const sumsAtOnce = 32;
const threadsEach = mostThreads / sumsAtOnce;

/** Adds up what lanes have of sums that were taken side by side, [lanes, …shape], always in the same order. */
export function sumLanes(partial: Tensor, lanes: number, shape: readonly number[]): Tensor {
  const elements = partial.size / lanes;
  const [sum] = runShader(sumOfLanes, {
    inputs: [partial],
    shapes: [shape],
    sizes: [elements, lanes],
    workgroups: Math.ceil(elements / sumsAtOnce),
  }) as [Tensor];
  return sum;
}

const sumOfLanes: Shader = {
  name: 'sum of lanes',
  outputs: ['total'],
  inputs: ['sums'],
  sizes: ['elements', 'lanes'],
  code: () => `
    var<workgroup> parts: array<f32, ${mostThreads}>;

    @compute @workgroup_size(${mostThreads})
    fn main(@builtin(local_invocation_index) thread: u32, @builtin(workgroup_id) group: vec3<u32>) {
      let element = i32(group.x * ${sumsAtOnce} + thread % ${sumsAtOnce});
      let part = i32(thread / ${sumsAtOnce});
      var sum = 0.0;
      if (element < sizes.elements) {
        for (var lane = part; lane < sizes.lanes; lane += ${threadsEach}) { sum += sums[lane * sizes.elements + element]; }
      }
      parts[thread] = sum;
      workgroupBarrier();
      if (part == 0 && element < sizes.elements) {
        for (var other = 1u; other < ${threadsEach}; other++) { sum += parts[thread + other * ${sumsAtOnce}]; }
        total[element] = sum;
      }
    }`,
};
