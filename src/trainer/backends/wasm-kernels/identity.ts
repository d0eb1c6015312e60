import type { KernelBackend, Tensor } from '@tensorflow/tfjs-core';
import { Identity } from '@tensorflow/tfjs-core';
import type { OwnKernel } from '../own-kernel.js';

/**
 * A second tensor on the same data, in place of the wasm backend's copy: tfjs makes one of every tensor that it saves for a
 * gradient. Nothing writes into a tensor's data once it is filled.
 */
export const identity: OwnKernel = {
  kernelName: Identity,
  kernelFunc: ({ inputs, backend }) => {
    const { dataId, shape, dtype } = inputs['x'] as Tensor;
    (backend as KernelBackend).incRef(dataId);
    return { dataId, shape, dtype };
  },
};
