import type { BatchMatMulAttrs, BatchMatMulInputs, Tensor, TensorInfo } from '@tensorflow/tfjs-core';
import { BatchMatMul, getKernel } from '@tensorflow/tfjs-core';
import type { OwnKernel } from '../own-kernel.js';
import { mostThreads, runShader, type Shader } from './run-shader.js';
import { sumLanes } from './sum-lanes.js';

/** Products in a sum from which on it is shared among workgroups, and about as many as a thread takes of it. */
const longSum = 2048;
const productsEach = 64;
/** Numbers of the result that few workgroups compute. */
const smallResult = 16_384;
/** Lanes of a sum at most. */
const mostLanes = 4096;
/** Rows of the result that a thread computes at once. */
const rowsEach = 8;

/**
 * Product of matrices. One whose result is small and whose sums are long, such as a layer on all of an image, is left to one
 * workgroup by tfjs, or to many that add up by atomic operations, in any order. Here they have a lane of each sum.
 */
export function batchMatMul(): OwnKernel {
  const stock = getKernel(BatchMatMul, 'webgpu')?.kernelFunc;
  if (stock === undefined) throw new Error('tfjs-backend-webgpu has no product of matrices');
  return {
    kernelName: BatchMatMul,
    kernelFunc: (call) => {
      const { a, b } = call.inputs as unknown as { [name in keyof BatchMatMulInputs]: Tensor };
      const { transposeA, transposeB } = call.attrs as unknown as BatchMatMulAttrs;
      const [rows = 1, length = 1] = a.shape.slice(-2);
      const columns = b.shape.at(-1) ?? 1;
      const isSingle = a.size === rows * length && b.size === length * columns && !transposeA && !transposeB;
      if (!isSingle || length < longSum || rows * columns > smallResult) return stock(call);
      return multiplyInLanes(a, b, { rows, length, columns });
    },
  };
}

function multiplyInLanes(
  a: Tensor,
  b: Tensor,
  { rows, length, columns }: Record<'rows' | 'length' | 'columns', number>,
) {
  const across = Math.min(64, 2 ** Math.ceil(Math.log2(columns)));
  const lanesOfGroup = mostThreads / across;
  const groups = Math.ceil(Math.min(mostLanes, length / productsEach) / lanesOfGroup);
  const columnTiles = Math.ceil(columns / across);
  const shape = [...a.shape.slice(0, -1), columns];
  const [partial] = runShader(laneProducts(across), {
    inputs: [a, b],
    shapes: [[groups * lanesOfGroup, rows * columns]],
    sizes: [rows, length, columns, columnTiles, groups],
    workgroups: groups * columnTiles * Math.ceil(rows / rowsEach),
  }) as [Tensor];
  const product = sumLanes(partial, groups * lanesOfGroup, shape);
  partial.dispose();
  return product as TensorInfo;
}

/** Neighbouring threads have neighbouring columns, then the next product of the sums. */
function laneProducts(across: number): Shader {
  const lanesOfGroup = mostThreads / across;
  return {
    name: `product in lanes of ${across}`,
    outputs: ['sums'],
    inputs: ['a', 'b'],
    sizes: ['rows', 'length', 'columns', 'columnTiles', 'groups'],
    code: () => `
      @compute @workgroup_size(${mostThreads})
      fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) workgroup: vec3<u32>) {
        let thread = i32(index);
        let tile = i32(workgroup.x) / sizes.groups;
        let lane = (i32(workgroup.x) % sizes.groups) * ${lanesOfGroup} + thread / ${across};
        let column = (tile % sizes.columnTiles) * ${across} + thread % ${across};
        let firstRow = (tile / sizes.columnTiles) * ${rowsEach};
        if (column >= sizes.columns) { return; }
        var total: array<f32, ${rowsEach}>;
        for (var at = lane; at < sizes.length; at += sizes.groups * ${lanesOfGroup}) {
          let factor = b[at * sizes.columns + column];
          for (var row = 0; row < ${rowsEach}; row++) {
            let read = min(firstRow + row, sizes.rows - 1);
            total[row] += a[read * sizes.length + at] * factor;
          }
        }
        for (var row = 0; row < ${rowsEach} && firstRow + row < sizes.rows; row++) {
          sums[(lane * sizes.rows + firstRow + row) * sizes.columns + column] = total[row];
        }
      }`,
  };
}
