import type { KernelFunc, TensorInfo } from '@tensorflow/tfjs-core';
import { AddN, getKernel } from '@tensorflow/tfjs-core';
import type { OwnKernel } from '../own-kernel.js';

/** Buffers that a shader may use: WebGPU's least, and what tfjs asks for; one of them is the output. */
const mostInputs = 7;

interface WebgpuKernels {
  readonly disposeData: (id: object) => boolean;
}

/** A sum of more than 7 tensors, which fails with no more than a message in tfjs-backend-webgpu, as sums of 7. */
export function addN(): OwnKernel {
  const stock = getKernel(AddN, 'webgpu')?.kernelFunc;
  if (stock === undefined) throw new Error('tfjs-backend-webgpu has no AddN');
  return { kernelName: AddN, kernelFunc: inParts(stock) };
}

function inParts(stock: KernelFunc): KernelFunc {
  return (call) => {
    const waiting = [...(call.inputs as unknown as TensorInfo[])];
    const given = new Set(waiting);
    while (waiting.length > mostInputs) {
      const part = waiting.splice(0, mostInputs);
      waiting.push(stock({ ...call, inputs: part as never }) as TensorInfo);
      for (const made of part)
        if (!given.has(made)) (call.backend as unknown as WebgpuKernels).disposeData(made.dataId);
    }
    const sum = stock({ ...call, inputs: waiting as never });
    for (const made of waiting)
      if (!given.has(made)) (call.backend as unknown as WebgpuKernels).disposeData(made.dataId);
    return sum;
  };
}
