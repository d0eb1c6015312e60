import { installKernels } from '../own-kernel.js';
import { batchMatMul } from './batch-mat-mul.js';
import { conv2dBackpropFilter } from './conv2d-backprop-filter.js';
import { conv2dBackpropInput } from './conv2d-backprop-input.js';
import { identity } from './identity.js';
import { maxPoolGrad } from './max-pool-grad.js';
import { unsortedSegmentSum } from './unsorted-segment-sum.js';

let installed = false;

/** Gives the wasm backend what it lacks for training; a second call does nothing. */
export function installWasmKernels(): void {
  if (installed) return;
  installed = true;
  installKernels('wasm', [
    batchMatMul(),
    conv2dBackpropFilter,
    conv2dBackpropInput,
    identity,
    maxPoolGrad,
    unsortedSegmentSum,
  ]);
}
