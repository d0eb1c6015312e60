import type { Tensor, Tensor1D, Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';
import { gather, reshape, unsortedSegmentSum } from '@tensorflow/tfjs-core';
import { withGradient } from './with-gradient.js';

/** Rows of a table [rows, size] by int32 indices [N, L]: [N, L, size]. */
export function lookUp(table: Tensor2D, indices: Tensor2D): Tensor3D {
  const [rows, size] = table.shape;
  return withGradient<Tensor3D>([table], {
    forward: () => ({ value: gather<Tensor>(table, indices) as Tensor3D, saved: [indices] }),
    backward: (dy, [read]) => {
      const flat = reshape(read as Tensor2D, [-1]) as Tensor1D;
      return [unsortedSegmentSum(reshape(dy, [-1, size]), flat, rows)];
    },
  });
}
