import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import { mostThreads, runShader, type Shader } from './run-shader.js';

/** Tensors of one program: with the sums before and after, eight buffers, as many as WebGPU promises. */
const tensorsAtOnce = 6;
/** Sums that are taken side by side, each by a thread. */
const partialSums = 8192;

/** √ of the sum of squares of all elements of these tensors, by a program for each six of them. */
export function normOfAll(tensors: readonly Tensor[]): Scalar {
  let sums: Tensor | undefined;
  for (let from = 0; from < tensors.length; from += tensorsAtOnce) {
    const these = tensors.slice(from, from + tensorsAtOnce);
    const [next] = runShader(sumOfSquares(these.length, sums !== undefined), {
      inputs: sums === undefined ? these : [...these, sums],
      shapes: [[partialSums]],
      sizes: these.map(({ size }) => size),
      workgroups: partialSums / mostThreads,
    });
    sums?.dispose();
    sums = next;
  }
  const [norm] = runShader(rootOfSum, { inputs: [sums as Tensor], shapes: [[]], sizes: [partialSums], workgroups: 1 });
  sums?.dispose();
  return norm as Scalar;
}

/** Adds the squares of some tensors to the partial sums of those before. */
function sumOfSquares(count: number, continues: boolean): Shader {
  const names = Array.from({ length: count }, (_, index) => `x${index}`);
  return {
    name: `squares of ${count}${continues ? ' and more' : ''}`,
    outputs: ['sums'],
    inputs: continues ? [...names, 'before'] : names,
    sizes: names.map((name) => `${name}Elements`),
    code: () => `
      @compute @workgroup_size(${mostThreads})
      fn main(@builtin(global_invocation_id) id: vec3<u32>) {
        var sum = ${continues ? 'before[id.x]' : '0.0'};
        ${names.map(addSquares).join('\n')}
        sums[id.x] = sum;
      }`,
  };
}

function addSquares(name: string): string {
  return `for (var at = id.x; at < u32(sizes.${name}Elements); at += ${partialSums}) {
    sum += ${name}[at] * ${name}[at];
  }`;
}

const rootOfSum: Shader = {
  name: 'root of the sum',
  outputs: ['norm'],
  inputs: ['sums'],
  sizes: ['count'],
  code: () => `
    var<workgroup> parts: array<f32, ${mostThreads}>;
    @compute @workgroup_size(${mostThreads})
    fn main(@builtin(local_invocation_index) thread: u32) {
      var sum = 0.0;
      for (var at = thread; at < u32(sizes.count); at += ${mostThreads}) { sum += sums[at]; }
      parts[thread] = sum;
      workgroupBarrier();
      for (var half = ${mostThreads / 2}u; half > 0; half = half / 2) {
        if (thread < half) { parts[thread] += parts[thread + half]; }
        workgroupBarrier();
      }
      if (thread == 0) { norm[0] = sqrt(parts[0]); }
    }`,
};
