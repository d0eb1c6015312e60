import type { BatchMatMulAttrs, BatchMatMulInputs, KernelFunc, Tensor } from '@tensorflow/tfjs-core';
import { BatchMatMul, getKernel, tidy, transpose } from '@tensorflow/tfjs-core';
import type { OwnKernel } from '../own-kernel.js';

/**
 * The wasm backend's matrix product, which is fast only for matrices as they lie: a matrix that is to be read transposed
 * (as both gradients of a product want it) is transposed first. Call before installing: it wraps the stock kernel.
 */
export function batchMatMul(): OwnKernel {
  const stock = getKernel(BatchMatMul, 'wasm')?.kernelFunc as KernelFunc;
  return {
    kernelName: BatchMatMul,
    kernelFunc: (call) => {
      const { a, b } = call.inputs as unknown as { [name in keyof BatchMatMulInputs]: Tensor };
      const { transposeA, transposeB } = call.attrs as unknown as BatchMatMulAttrs;
      if (!transposeA && !transposeB) return stock(call);
      const left = transposeA ? swapLastTwo(a) : a;
      const right = transposeB ? swapLastTwo(b) : b;
      const attrs = { ...call.attrs, transposeA: false, transposeB: false };
      const product = stock({ ...call, inputs: { a: left, b: right }, attrs });
      if (transposeA) left.dispose();
      if (transposeB) right.dispose();
      return product;
    },
  };
}

function swapLastTwo(matrices: Tensor): Tensor {
  const axes = matrices.shape.map((_, axis) => axis);
  axes.push(...axes.splice(-2).reverse());
  return tidy(() => transpose(matrices, axes));
}
