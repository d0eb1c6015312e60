import type { Conv2DAttrs, Conv2DInputs, Tensor4D, TensorInfo } from '@tensorflow/tfjs-core';
import { backend_util, Conv2D, getKernel } from '@tensorflow/tfjs-core';
import type { OwnKernel } from '../own-kernel.js';
import { convSizeNames, convSizes, mostWorkgroups, tileColumnsFor, tileRows, tileThreads } from './conv-tiles.js';
import { runShader, type Shader } from './run-shader.js';

/**
 * Convolution, NHWC: a product of the input, shifted for each place of the filter, with the filter. The kernel of tfjs is left
 * for other layouts, dilations and numbers of channels.
 */
export function conv2d(): OwnKernel {
  const stock = getKernel(Conv2D, 'webgpu')?.kernelFunc;
  if (stock === undefined) throw new Error('tfjs-backend-webgpu has no convolution');
  return {
    kernelName: Conv2D,
    kernelFunc: (call) => {
      const { x, filter } = call.inputs as unknown as { [name in keyof Conv2DInputs]: Tensor4D };
      const { strides, pad, dataFormat, dilations, dimRoundingMode } = call.attrs as unknown as Conv2DAttrs;
      const info = backend_util.computeConv2DInfo(x.shape, filter.shape, strides, dilations, pad, dimRoundingMode);
      const { batchSize, inChannels, outHeight, outWidth, outChannels } = info;
      const isTiled = dataFormat !== 'NCHW' && info.dilationHeight === 1 && info.dilationWidth === 1;
      if (!isTiled || inChannels % 4 !== 0 || outChannels % 4 !== 0) return stock(call);
      const columns = tileColumnsFor(outChannels);
      const pixels = batchSize * outHeight * outWidth;
      const columnTiles = Math.ceil(outChannels / columns);
      const workgroups = Math.ceil(pixels / tileRows) * columnTiles;
      if (workgroups > mostWorkgroups) return stock(call);
      const [output] = runShader(tiledProduct(columns), {
        inputs: [x, filter],
        shapes: [info.outShape],
        sizes: [pixels, columnTiles, ...convSizes(info)],
        workgroups,
      });
      return output as TensorInfo;
    },
  };
}

/** Rows of the product are pixels of the output, columns its channels. */
function tiledProduct(columns: number): Shader {
  const threads = tileThreads(columns);
  /** Vectors of four input channels at a time. */
  const depth = 4;
  const pixelsOfThread = (tileRows * depth) / threads;
  const across = columns / 4;
  return {
    name: `convolution in tiles of ${columns}`,
    outputs: ['output'],
    inputs: ['x', 'weights'],
    vectors: ['output', 'x', 'weights'],
    sizes: ['pixels', 'columnTiles', ...convSizeNames],
    code: () => `
      var<workgroup> left: array<vec4<f32>, ${tileRows * depth}>;
      var<workgroup> right: array<vec4<f32>, ${4 * depth * across}>;

      @compute @workgroup_size(${threads})
      fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3<u32>) {
        let thread = i32(index);
        let inVectors = sizes.inChannels / 4;
        let outVectors = sizes.outChannels / 4;
        let firstPixel = (i32(group.x) / sizes.columnTiles) * ${tileRows};
        let firstVector = (i32(group.x) % sizes.columnTiles) * ${across};
        let fetched = thread % ${depth};

        // Row and column of x at the filter's first place, and the number of the image, of each pixel that this thread fetches.
        var places: array<vec3<i32>, ${pixelsOfThread}>;
        for (var at = 0; at < ${pixelsOfThread}; at++) {
          let pixel = firstPixel + thread / ${depth} + at * ${threads / depth};
          let y = (pixel / sizes.outWidth) % sizes.outHeight;
          places[at] = vec3<i32>(
            y * sizes.strideHeight - sizes.top,
            (pixel % sizes.outWidth) * sizes.strideWidth - sizes.left,
            pixel / (sizes.outWidth * sizes.outHeight));
          // A row that no place of the filter reaches.
          if (pixel >= sizes.pixels) { places[at].x = sizes.inHeight; }
        }
        let row = thread / ${across};
        let column = thread % ${across};
        let outVector = firstVector + column;

        var sums: array<vec4<f32>, 4>;
        for (var place = 0; place < sizes.filterHeight * sizes.filterWidth; place++) {
          let down = place / sizes.filterWidth;
          let along = place % sizes.filterWidth;
          for (var first = 0; first < inVectors; first += ${depth}) {
            let vector = first + fetched;
            for (var at = 0; at < ${pixelsOfThread}; at++) {
              let y = places[at].x + down;
              let position = places[at].y + along;
              var value = vec4<f32>();
              if (vector < inVectors && y >= 0 && y < sizes.inHeight && position >= 0 && position < sizes.inWidth) {
                value = x[((places[at].z * sizes.inHeight + y) * sizes.inWidth + position) * inVectors + vector];
              }
              left[fetched * ${tileRows} + thread / ${depth} + at * ${threads / depth}] = value;
            }
            var weight = vec4<f32>();
            if (first * 4 + row < sizes.inChannels && outVector < outVectors) {
              weight = weights[(place * sizes.inChannels + first * 4 + row) * outVectors + outVector];
            }
            right[thread] = weight;
            workgroupBarrier();
            for (var inner = 0; inner < ${depth}; inner++) {
              let b0 = right[(4 * inner) * ${across} + column];
              let b1 = right[(4 * inner + 1) * ${across} + column];
              let b2 = right[(4 * inner + 2) * ${across} + column];
              let b3 = right[(4 * inner + 3) * ${across} + column];
              for (var at = 0; at < 4; at++) {
                let a = left[inner * ${tileRows} + row + at * ${tileRows / 4}];
                sums[at] += a.x * b0 + a.y * b1 + a.z * b2 + a.w * b3;
              }
            }
            workgroupBarrier();
          }
        }
        for (var at = 0; at < 4; at++) {
          let pixel = firstPixel + row + at * ${tileRows / 4};
          if (pixel < sizes.pixels && outVector < outVectors) {
            output[pixel * outVectors + outVector] = sums[at];
          }
        }
      }`,
  };
}
