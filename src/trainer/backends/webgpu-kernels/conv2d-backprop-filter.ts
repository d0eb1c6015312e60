import type {
  Conv2DBackpropFilterAttrs,
  Conv2DBackpropFilterInputs,
  Tensor,
  Tensor4D,
  TensorInfo,
} from '@tensorflow/tfjs-core';
import { backend_util, Conv2DBackpropFilter } from '@tensorflow/tfjs-core';
import type { OwnKernel } from '../own-kernel.js';
import { type ConvInfo, convSizeNames, convSizes } from './conv-tiles.js';
import { planFilterTiles, tiledSums } from './filter-gradient-tiles.js';
import { mostThreads, runShader, type Shader } from './run-shader.js';
import { sumLanes } from './sum-lanes.js';

/** Threads that add up side by side. */
const threadsAtOnce = 262_144;
/** Parts of a sum at most, where a thread adds up one number of the filter. */
const mostLanes = 1024;
/** Pixels that a thread adds up at least. */
const leastPixels = 64;

/**
 * Gradient of a convolution with respect to its filter, NHWC. The kernel of tfjs has one thread for each number of the filter,
 * which runs over all pixels of all images: a small filter leaves a card idle. Here lanes have some rows of pixels each, and a
 * second program adds up what they have.
 */
export const conv2dBackpropFilter: OwnKernel = {
  kernelName: Conv2DBackpropFilter,
  kernelFunc: ({ inputs, attrs }) => {
    const { x, dy } = inputs as unknown as { [name in keyof Conv2DBackpropFilterInputs]: Tensor4D };
    const { strides, pad, dimRoundingMode, filterShape } = attrs as unknown as Conv2DBackpropFilterAttrs;
    const info = backend_util.computeConv2DInfo(x.shape, filterShape, strides, 1, pad, dimRoundingMode);
    const isInFours = info.inChannels % 4 === 0 && info.outChannels % 4 === 0;
    const { partial, lanes } = isInFours ? sumTiles(x, dy, info) : sumSingly(x, dy, info);
    if (lanes === 1) return partial as TensorInfo;
    const gradient = sumLanes(partial, lanes, filterShape);
    partial.dispose();
    return gradient;
  },
};

interface PartialSums {
  /** [lanes, numbers of the filter], or the gradient itself when there is one lane. */
  readonly partial: Tensor;
  readonly lanes: number;
}

function sumTiles(x: Tensor4D, dy: Tensor4D, info: ConvInfo): PartialSums {
  const { outHeight, outWidth, inChannels, outChannels } = info;
  const rows = info.batchSize * outHeight;
  const places = info.filterHeight * info.filterWidth;
  const filterRows = places * inChannels;
  const { columns, rowTiles, columnTiles, lanes } = planFilterTiles({ filterRows, outChannels, rows, outWidth });
  const [partial] = runShader(tiledSums(columns), {
    inputs: [x, dy],
    shapes: [lanes === 1 ? info.filterShape : [lanes, filterRows * outChannels]],
    sizes: [rowTiles, columnTiles, lanes, rows, ...convSizes(info)],
    workgroups: rowTiles * columnTiles * lanes,
  }) as [Tensor];
  return { partial, lanes };
}

/** For any number of channels: a thread for each number of the filter and lane. */
function sumSingly(x: Tensor4D, dy: Tensor4D, info: ConvInfo): PartialSums {
  const elements = info.filterHeight * info.filterWidth * info.inChannels * info.outChannels;
  const rows = info.batchSize * info.outHeight;
  const useful = Math.ceil((rows * info.outWidth) / leastPixels);
  const lanes = Math.max(1, Math.min(mostLanes, rows, useful, Math.floor(threadsAtOnce / elements)));
  const [partial] = runShader(partialSums, {
    inputs: [x, dy],
    shapes: [lanes === 1 ? info.filterShape : [lanes, elements]],
    sizes: [elements, lanes, rows, ...convSizes(info)],
    workgroups: Math.ceil((lanes * elements) / mostThreads),
  }) as [Tensor];
  return { partial, lanes };
}

/** Neighbouring threads have neighbouring output channels of the filter, and every so-many-th row of pixels. */
const partialSums: Shader = {
  name: 'filter gradient of lanes',
  outputs: ['sums'],
  inputs: ['x', 'dy'],
  sizes: ['elements', 'lanes', 'rows', ...convSizeNames],
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
