import { installKernels } from '../own-kernel.js';
import { addN } from './add-n.js';
import { batchMatMul } from './batch-mat-mul.js';
import { conv2d } from './conv2d.js';
import { conv2dBackpropFilter } from './conv2d-backprop-filter.js';
import { conv2dBackpropInput } from './conv2d-backprop-input.js';
import { unsortedSegmentSum } from './unsorted-segment-sum.js';

/** Puts right what tfjs-backend-webgpu computes wrongly, and what leaves a card idle. */
export function installWebgpuKernels(): void {
  installKernels('webgpu', [
    addN(),
    batchMatMul(),
    conv2d(),
    conv2dBackpropFilter,
    conv2dBackpropInput(),
    unsortedSegmentSum,
  ]);
}
