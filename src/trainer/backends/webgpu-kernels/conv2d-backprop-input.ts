import type { Conv2DBackpropInputAttrs, Conv2DBackpropInputInputs, Tensor4D, TensorInfo } from '@tensorflow/tfjs-core';
import { backend_util, Conv2DBackpropInput, getKernel } from '@tensorflow/tfjs-core';
import type { OwnKernel } from '../own-kernel.js';
import { convSizeNames, convSizes, mostWorkgroups, tileColumnsFor, tileRows, tileThreads } from './conv-tiles.js';
import { runShader, type Shader } from './run-shader.js';

/**
 * Gradient of a convolution with respect to its input, NHWC: a product of dy, shifted for each place of the filter, with the
 * filter. The kernel of tfjs, which reads both from the card's memory for each product, is left for other layouts and numbers of
 * channels.
 */
export function conv2dBackpropInput(): OwnKernel {
  const stock = getKernel(Conv2DBackpropInput, 'webgpu')?.kernelFunc;
  if (stock === undefined) throw new Error('tfjs-backend-webgpu has no gradient of convolutions');
  return {
    kernelName: Conv2DBackpropInput,
    kernelFunc: (call) => {
      const { dy, filter } = call.inputs as unknown as { [name in keyof Conv2DBackpropInputInputs]: Tensor4D };
      const { inputShape, strides, pad, dataFormat, dimRoundingMode } =
        call.attrs as unknown as Conv2DBackpropInputAttrs;
      const info = backend_util.computeConv2DInfo(inputShape, filter.shape, strides, 1, pad, dimRoundingMode);
      const { batchSize, inHeight, inWidth, inChannels, outChannels } = info;
      if (dataFormat === 'NCHW' || inChannels % 4 !== 0 || outChannels % 4 !== 0) return stock(call);
      const columns = tileColumnsFor(inChannels);
      const { strideHeight, strideWidth } = info;
      const rows = Math.ceil(inHeight / strideHeight);
      const rowPixels = Math.ceil(inWidth / strideWidth);
      const pixels = batchSize * rows * rowPixels;
      const pixelTiles = Math.ceil(pixels / tileRows);
      const columnTiles = Math.ceil(inChannels / columns);
      const workgroups = pixelTiles * columnTiles * strideHeight * strideWidth;
      if (workgroups > mostWorkgroups) return stock(call);
      const [gradient] = runShader(tiledProduct(columns), {
        inputs: [dy, filter],
        shapes: [inputShape],
        sizes: [pixels, rows, rowPixels, pixelTiles, columnTiles, ...convSizes(info)],
        workgroups,
      });
      return gradient as TensorInfo;
    },
  };
}

/** Rows of the product are pixels of the input, columns its channels; both matrices are read along the channels of dy. */
function tiledProduct(columns: number): Shader {
  const threads = tileThreads(columns);
  /** Vectors of four channels of dy at a time. */
  const depth = 4;
  const pixelsOfThread = (tileRows * depth) / threads;
  const across = columns / 4;
  return {
    name: `input gradient in tiles of ${columns}`,
    outputs: ['gradient'],
    inputs: ['dy', 'weights'],
    vectors: ['dy', 'weights'],
    sizes: ['pixels', 'rows', 'rowPixels', 'pixelTiles', 'columnTiles', ...convSizeNames],
    code: () => `
      var<workgroup> left: array<vec4<f32>, ${tileRows * depth}>;
      var<workgroup> right: array<vec4<f32>, ${columns * depth}>;

      @compute @workgroup_size(${threads})
      fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3<u32>) {
        let thread = i32(index);
        let outVectors = sizes.outChannels / 4;
        let tile = i32(group.x) / sizes.columnTiles;
        let firstPixel = (tile % sizes.pixelTiles) * ${tileRows};
        // Pixels of a tile are so many rows and columns apart as the filter moves: the same places of it reach them all.
        let phase = tile / sizes.pixelTiles;
        let phaseY = phase / sizes.strideWidth;
        let phaseX = phase % sizes.strideWidth;
        let firstDown = (phaseY + sizes.top) % sizes.strideHeight;
        let firstAlong = (phaseX + sizes.left) % sizes.strideWidth;
        let firstChannel = (i32(group.x) % sizes.columnTiles) * ${columns};
        let fetched = thread % ${depth};

        // Row and column of dy at the filter's first place, and the number of the image, of each pixel that this thread fetches.
        var places: array<vec3<i32>, ${pixelsOfThread}>;
        for (var at = 0; at < ${pixelsOfThread}; at++) {
          let pixel = firstPixel + thread / ${depth} + at * ${threads / depth};
          let y = ((pixel / sizes.rowPixels) % sizes.rows) * sizes.strideHeight + phaseY;
          let x = (pixel % sizes.rowPixels) * sizes.strideWidth + phaseX;
          places[at] = vec3<i32>(y + sizes.top, x + sizes.left, pixel / (sizes.rowPixels * sizes.rows));
          if (pixel >= sizes.pixels) { places[at].x = -1; }
        }
        let channel = firstChannel + thread / ${depth};

        let row = thread / ${across};
        let column = thread % ${across};
        var sums: array<vec4<f32>, 4>;
        for (var down = firstDown; down < sizes.filterHeight; down += sizes.strideHeight) {
        for (var along = firstAlong; along < sizes.filterWidth; along += sizes.strideWidth) {
          let place = down * sizes.filterWidth + along;
          for (var first = 0; first < outVectors; first += ${depth}) {
            let vector = first + fetched;
            for (var at = 0; at < ${pixelsOfThread}; at++) {
              let isInside = places[at].x >= down && places[at].y >= along;
              let y = (places[at].x - down) / sizes.strideHeight;
              let x = (places[at].y - along) / sizes.strideWidth;
              var value = vec4<f32>();
              if (vector < outVectors && isInside && y < sizes.outHeight && x < sizes.outWidth) {
                value = dy[((places[at].z * sizes.outHeight + y) * sizes.outWidth + x) * outVectors + vector];
              }
              left[fetched * ${tileRows} + thread / ${depth} + at * ${threads / depth}] = value;
            }
            var weight = vec4<f32>();
            if (vector < outVectors && channel < sizes.inChannels) {
              weight = weights[(place * sizes.inChannels + channel) * outVectors + vector];
            }
            right[fetched * ${columns} + thread / ${depth}] = weight;
            workgroupBarrier();
            for (var inner = 0; inner < ${depth}; inner++) {
              let b0 = right[inner * ${columns} + column];
              let b1 = right[inner * ${columns} + column + ${across}];
              let b2 = right[inner * ${columns} + column + ${2 * across}];
              let b3 = right[inner * ${columns} + column + ${3 * across}];
              for (var at = 0; at < 4; at++) {
                let a = left[inner * ${tileRows} + row + at * ${tileRows / 4}];
                sums[at] += vec4<f32>(dot(a, b0), dot(a, b1), dot(a, b2), dot(a, b3));
              }
            }
            workgroupBarrier();
          }
        }
        }
        for (var at = 0; at < 4; at++) {
          let pixel = firstPixel + row + at * ${tileRows / 4};
          let y = ((pixel / sizes.rowPixels) % sizes.rows) * sizes.strideHeight + phaseY;
          let x = (pixel % sizes.rowPixels) * sizes.strideWidth + phaseX;
          if (pixel >= sizes.pixels || y >= sizes.inHeight || x >= sizes.inWidth) { continue; }
          let image = pixel / (sizes.rowPixels * sizes.rows);
          let start = ((image * sizes.inHeight + y) * sizes.inWidth + x) * sizes.inChannels;
          for (var part = 0; part < 4; part++) {
            let inChannel = firstChannel + column + part * ${across};
            if (inChannel < sizes.inChannels) { gradient[start + inChannel] = sums[at][part]; }
          }
        }
      }`,
  };
}
