import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import { avgPool, image, mul, reshape, tensor1d } from '@tensorflow/tfjs-core';
import { isOnTensorflow, runOp } from '../../backends/tensorflow-ops.js';
import { withGradient } from './with-gradient.js';

/** Rows and columns of a block of pixels. */
export type PixelBlock = readonly [rows: number, columns: number];

/**
 * Shrinks NHWC images by averaging blocks of pixels, into which height and width divide. Its gradient is ours because the
 * stock one is a scalar loop on wasm.
 */
export function averagePixels(x: Tensor4D, block: PixelBlock): Tensor4D {
  return withGradient([x], {
    forward: () => ({ value: meanOfBlocks(x, block) }),
    backward: (dy) => [mul(repeatAsBlocks(dy, block), 1 / (block[0] * block[1]))],
  });
}

/**
 * Enlarges NHWC images by repeating each pixel as a block. Its gradient is ours because the stock one is wrong on the plain
 * JS backend for more than one image.
 */
export function repeatPixels(x: Tensor4D, block: PixelBlock): Tensor4D {
  return withGradient([x], {
    forward: () => ({ value: repeatAsBlocks(x, block) }),
    backward: (dy) => [mul(meanOfBlocks(dy, block), block[0] * block[1])],
  });
}

function meanOfBlocks(x: Tensor4D, [rows, columns]: PixelBlock): Tensor4D {
  return avgPool(x, [rows, columns], [rows, columns], 'valid');
}

function repeatAsBlocks(x: Tensor4D, [rows, columns]: PixelBlock): Tensor4D {
  if (isOnTensorflow()) return repeatNatively(x, [rows, columns]);
  return image.resizeNearestNeighbor(x, [x.shape[1] * rows, x.shape[2] * columns]);
}

/** Faster than the stock operation, which finds each pixel's origin anew. */
function repeatNatively(x: Tensor4D, [rows, columns]: PixelBlock): Tensor4D {
  const [lines, height, width, channels] = x.shape;
  const single = reshape(x, [lines * height, 1, width, 1, channels]);
  const shape = tensor1d([lines * height, rows, width, columns, channels], 'int32');
  const [repeated] = runOp('BroadcastTo', [single, shape], { types: { T: 'float32', Tidx: 'int32' } });
  return reshape(repeated as Tensor, [lines, height * rows, width * columns, channels]);
}
