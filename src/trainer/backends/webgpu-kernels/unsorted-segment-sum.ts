import type { Tensor, TensorInfo, UnsortedSegmentSumAttrs, UnsortedSegmentSumInputs } from '@tensorflow/tfjs-core';
import { UnsortedSegmentSum } from '@tensorflow/tfjs-core';
import type { OwnKernel } from '../own-kernel.js';
import { mostThreads, runShader, type Shader } from './run-shader.js';

/**
 * Sums of the rows of `x` [N, …] that have the same number: the gradient of a look-up. The kernel of tfjs adds the rows in the
 * order in which threads come by, so that no two runs give the same bits; here each sum has a thread, which goes over all rows.
 */
export const unsortedSegmentSum: OwnKernel = {
  kernelName: UnsortedSegmentSum,
  kernelFunc: ({ inputs, attrs }) => {
    const { x, segmentIds } = inputs as unknown as { [name in keyof UnsortedSegmentSumInputs]: Tensor };
    const { numSegments } = attrs as unknown as UnsortedSegmentSumAttrs;
    const [rows = 1, ...rest] = x.shape;
    const columns = rest.reduce((size, length) => size * length, 1);
    const [sums] = runShader(sumOfRows, {
      inputs: [x, segmentIds],
      shapes: [[numSegments, ...rest]],
      sizes: [rows, columns, numSegments],
      workgroups: Math.ceil((numSegments * columns) / mostThreads),
    });
    return sums as TensorInfo;
  },
};

const sumOfRows: Shader = {
  name: 'sum of segments',
  outputs: ['sums'],
  inputs: ['x', 'segments'],
  sizes: ['rows', 'columns', 'count'],
  code: () => `
    @compute @workgroup_size(${mostThreads})
    fn main(@builtin(global_invocation_id) id: vec3<u32>) {
      let at = i32(id.x);
      if (at >= sizes.count * sizes.columns) { return; }
      let segment = at / sizes.columns;
      let column = at % sizes.columns;
      var sum = 0.0;
      for (var row = 0; row < sizes.rows; row++) {
        if (segments[row] == segment) { sum += x[row * sizes.columns + column]; }
      }
      sums[at] = sum;
    }`,
};
