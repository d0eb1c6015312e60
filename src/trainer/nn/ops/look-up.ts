import type { Tensor, Tensor1D, Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';
import { gather, reshape, scalar, unsortedSegmentSum } from '@tensorflow/tfjs-core';
import { isOnTensorflow, runOp } from '../../backends/tensorflow-ops.js';
import { withGradient } from './with-gradient.js';

/** Rows of a table [rows, size] by int32 indices [N, L]: [N, L, size]. */
export function lookUp(table: Tensor2D, indices: Tensor2D): Tensor3D {
  const [rows, size] = table.shape;
  return withGradient<Tensor3D>([table], {
    forward: () => ({ value: gatherRows(table, indices), saved: [indices] }),
    backward: (dy, [read]) => {
      const flat = reshape(read as Tensor2D, [-1]) as Tensor1D;
      return [unsortedSegmentSum(reshape(dy, [-1, size]), flat, rows)];
    },
  });
}

function gatherRows(table: Tensor2D, indices: Tensor2D): Tensor3D {
  if (!isOnTensorflow()) return gather<Tensor>(table, indices) as Tensor3D;
  // tfjs' own call waits for the indices in order to check them.
  const types = { Tparams: 'float32', Tindices: 'int32', Taxis: 'int32' } as const;
  const [rows] = runOp('GatherV2', [table, indices, scalar(0, 'int32')], { types, ints: { batch_dims: 0 } });
  return rows as Tensor3D;
}
