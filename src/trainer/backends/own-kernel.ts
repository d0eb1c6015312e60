import type { KernelConfig } from '@tensorflow/tfjs-core';
import { getKernel, registerKernel, unregisterKernel } from '@tensorflow/tfjs-core';

/** A kernel of ours for one backend: adds one that it lacks, or replaces one. */
export type OwnKernel = Pick<KernelConfig, 'kernelName' | 'kernelFunc'>;

/** Makes a backend use these kernels, in every later operation of this process. */
export function installKernels(backendName: string, kernels: readonly OwnKernel[]): void {
  for (const kernel of kernels) {
    if (getKernel(kernel.kernelName, backendName) !== undefined) unregisterKernel(kernel.kernelName, backendName);
    registerKernel({ ...kernel, backendName });
  }
}
