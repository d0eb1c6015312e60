import type { Conv2DBackpropFilterAttrs, Conv2DBackpropFilterInputs, Tensor4D } from '@tensorflow/tfjs-core';
import {
  backend_util,
  Conv2DBackpropFilter,
  conv2d,
  matMul,
  reshape,
  slice,
  tidy,
  transpose,
} from '@tensorflow/tfjs-core';
import type { OwnKernel } from '../own-kernel.js';

/**
 * Gradient of a convolution with respect to its filter, NHWC, which the wasm backend lacks: it is itself a convolution, of x
 * by dy, with batch and channels swapped and the stride as dilation, and so runs in the fast Conv2D kernel.
 */
export const conv2dBackpropFilter: OwnKernel = {
  kernelName: Conv2DBackpropFilter,
  kernelFunc: ({ inputs, attrs }) => {
    const { x, dy } = inputs as unknown as { [name in keyof Conv2DBackpropFilterInputs]: Tensor4D };
    const { strides, pad, filterShape, dimRoundingMode } = attrs as unknown as Conv2DBackpropFilterAttrs;
    const info = backend_util.computeConv2DInfo(x.shape, filterShape, strides, 1, pad, dimRoundingMode);
    return tidy(() => (isPointwise(info) ? pointwise(x, dy, filterShape) : swapped(x, dy, info)));
  },
};

function isPointwise({ filterHeight, filterWidth, strideHeight, strideWidth }: backend_util.Conv2DInfo): boolean {
  return filterHeight === 1 && filterWidth === 1 && strideHeight === 1 && strideWidth === 1;
}

function pointwise(x: Tensor4D, dy: Tensor4D, filterShape: [number, number, number, number]): Tensor4D {
  const [, , inputs, outputs] = filterShape;
  return reshape(matMul(reshape(x, [-1, inputs]), reshape(dy, [-1, outputs]), true, false), filterShape);
}

function swapped(x: Tensor4D, dy: Tensor4D, info: backend_util.Conv2DInfo): Tensor4D {
  const { top, left } = info.padInfo;
  // Rows and columns that the windows reach: fewer than the image has when the stride leaves a rest.
  const reachedHeight = (info.outHeight - 1) * info.strideHeight + info.filterHeight;
  const reachedWidth = (info.outWidth - 1) * info.strideWidth + info.filterWidth;
  const bottom = reachedHeight - top - info.inHeight;
  const right = reachedWidth - left - info.inWidth;
  const size: [number, number, number, number] = [
    -1,
    info.inHeight + Math.min(bottom, 0),
    info.inWidth + Math.min(right, 0),
    -1,
  ];
  const reached = bottom < 0 || right < 0 ? slice(x, [0, 0, 0, 0], size) : x;
  const padding: backend_util.ExplicitPadding = [
    [0, 0],
    [top, Math.max(bottom, 0)],
    [left, Math.max(right, 0)],
    [0, 0],
  ];
  const images = transpose(reached, [3, 1, 2, 0]);
  const filter = transpose(dy, [1, 2, 0, 3]);
  const gradient = conv2d(images, filter, 1, padding, 'NHWC', [info.strideHeight, info.strideWidth]);
  return transpose(gradient, [1, 2, 0, 3]);
}
