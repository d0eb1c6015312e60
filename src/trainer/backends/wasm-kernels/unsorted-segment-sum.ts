import type { Tensor, UnsortedSegmentSumAttrs, UnsortedSegmentSumInputs } from '@tensorflow/tfjs-core';
import { UnsortedSegmentSum } from '@tensorflow/tfjs-core';
import { computeOnHost } from '../host.js';
import type { OwnKernel } from '../own-kernel.js';

/**
 * Sum of the rows that have the same segment id (int32; negative ids are left out), which the wasm backend lacks: the
 * gradient of `gather`, and so of an embedding.
 */
export const unsortedSegmentSum: OwnKernel = {
  kernelName: UnsortedSegmentSum,
  kernelFunc: ({ inputs, attrs }) => {
    const { x, segmentIds } = inputs as unknown as { [name in keyof UnsortedSegmentSumInputs]: Tensor };
    const { numSegments } = attrs as unknown as UnsortedSegmentSumAttrs;
    const rowShape = x.shape.slice(segmentIds.shape.length);
    const width = rowShape.reduce((size, length) => size * length, 1);
    const [total] = computeOnHost([x, segmentIds], [[numSegments, ...rowShape]], ([sums], [rows, ids]) => {
      addRows(sums as Float32Array, rows as Float32Array, ids as Float32Array, width);
    });
    return total as Tensor;
  },
};

function addRows(sums: Float32Array, rows: Float32Array, ids: ArrayLike<number>, width: number): void {
  sums.fill(0);
  for (let row = 0; row < ids.length; row++) {
    const segment = ids[row] as number;
    if (segment < 0) continue;
    for (let i = 0; i < width; i++) {
      const at = segment * width + i;
      sums[at] = (sums[at] as number) + (rows[row * width + i] as number);
    }
  }
}
