import type {
  Conv2DBackpropFilterAttrs,
  Conv2DBackpropFilterInputs,
  Tensor,
  Tensor4D,
  TensorInfo,
} from '@tensorflow/tfjs-core';
import { backend_util, Conv2DBackpropFilter } from '@tensorflow/tfjs-core';
import type { OwnKernel } from '../own-kernel.js';
import { mostThreads, runShader, type Shader } from './run-shader.js';

/** Threads that add up side by side. */
const threadsAtOnce = 65_536;
/** Parts of a sum at most, which one thread adds up in the end. */
const mostLanes = 256;
/** Pixels that a thread adds up at least. */
const leastPixels = 64;

/**
 * Gradient of a convolution with respect to its filter, NHWC. The kernel of tfjs has one thread for each number of the filter,
 * which runs over all pixels of all images: a small filter leaves a card idle. Here as many threads as the card can use have
 * some rows of pixels each, and a second program adds up what they have.
 */
export const conv2dBackpropFilter: OwnKernel = {
  kernelName: Conv2DBackpropFilter,
  kernelFunc: ({ inputs, attrs }) => {
    const { x, dy } = inputs as unknown as { [name in keyof Conv2DBackpropFilterInputs]: Tensor4D };
    const { strides, pad, dimRoundingMode, filterShape } = attrs as unknown as Conv2DBackpropFilterAttrs;
    const info = backend_util.computeConv2DInfo(x.shape, filterShape, strides, 1, pad, dimRoundingMode);
    const elements = filterShape.reduce((size, length) => size * length, 1);
    const rows = info.batchSize * info.outHeight;
    const useful = Math.ceil((rows * info.outWidth) / leastPixels);
    const lanes = Math.max(1, Math.min(mostLanes, rows, useful, Math.floor(threadsAtOnce / elements)));
    const sizes = [
      elements,
      lanes,
      rows,
      info.filterWidth,
      info.inHeight,
      info.inWidth,
      info.inChannels,
      info.outHeight,
      info.outWidth,
      info.outChannels,
      info.strideHeight,
      info.strideWidth,
      info.padInfo.top,
      info.padInfo.left,
    ];
    const [partial] = runShader(partialSums, {
      inputs: [x, dy],
      shapes: [lanes === 1 ? filterShape : [lanes, elements]],
      sizes,
      workgroups: Math.ceil((lanes * elements) / mostThreads),
    }) as [Tensor];
    if (lanes === 1) return partial as TensorInfo;
    const [gradient] = runShader(sumOfLanes, {
      inputs: [partial],
      shapes: [filterShape],
      sizes: [elements, lanes],
      workgroups: Math.ceil(elements / mostThreads),
    });
    partial.dispose();
    return gradient as TensorInfo;
  },
};

/** Neighbouring threads have neighbouring output channels of the filter, and every so-many-th row of pixels. */
const partialSums: Shader = {
  name: 'filter gradient of lanes',
  outputs: ['sums'],
  inputs: ['x', 'dy'],
  sizes: [
    'elements',
    'lanes',
    'rows',
    'filterWidth',
    'inHeight',
    'inWidth',
    'inChannels',
    'outHeight',
    'outWidth',
    'outChannels',
    'strideHeight',
    'strideWidth',
    'top',
    'left',
  ],
  code: () => `
    @compute @workgroup_size(${mostThreads})
    fn main(@builtin(global_invocation_id) id: vec3<u32>) {
      let thread = i32(id.x);
      if (thread >= sizes.elements * sizes.lanes) { return; }
      let lane = thread / sizes.elements;
      let element = thread % sizes.elements;
      let outChannel = element % sizes.outChannels;
      let inChannel = (element / sizes.outChannels) % sizes.inChannels;
      let place = element / (sizes.outChannels * sizes.inChannels);
      let down = place / sizes.filterWidth - sizes.top;
      let along = place % sizes.filterWidth - sizes.left;
      var sum = 0.0;
      for (var row = lane; row < sizes.rows; row += sizes.lanes) {
        let image = row / sizes.outHeight;
        let y = (row % sizes.outHeight) * sizes.strideHeight + down;
        if (y < 0 || y >= sizes.inHeight) { continue; }
        let start = (image * sizes.inHeight + y) * sizes.inWidth;
        for (var column = 0; column < sizes.outWidth; column++) {
          let position = column * sizes.strideWidth + along;
          if (position < 0 || position >= sizes.inWidth) { continue; }
          let value = x[(start + position) * sizes.inChannels + inChannel];
          sum += value * dy[(row * sizes.outWidth + column) * sizes.outChannels + outChannel];
        }
      }
      sums[thread] = sum;
    }`,
};

const sumOfLanes: Shader = {
  name: 'sum of filter gradients',
  outputs: ['gradient'],
  inputs: ['sums'],
  sizes: ['elements', 'lanes'],
  code: () => `
    @compute @workgroup_size(${mostThreads})
    fn main(@builtin(global_invocation_id) id: vec3<u32>) {
      let element = i32(id.x);
      if (element >= sizes.elements) { return; }
      var sum = 0.0;
      for (var lane = 0; lane < sizes.lanes; lane++) { sum += sums[lane * sizes.elements + element]; }
      gradient[element] = sum;
    }`,
};
