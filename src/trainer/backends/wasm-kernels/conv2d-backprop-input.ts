import type { Conv2DBackpropInputAttrs, Conv2DBackpropInputInputs, Tensor4D } from '@tensorflow/tfjs-core';
import {
  backend_util,
  Conv2DBackpropInput,
  conv2d,
  matMul,
  pad as padWithZeros,
  reshape,
  slice,
  tidy,
} from '@tensorflow/tfjs-core';
import { computeOnHost } from '../host.js';
import type { OwnKernel } from '../own-kernel.js';

/**
 * Gradient of a convolution with respect to its input, NHWC, in place of the wasm backend's scalar loop: the convolution of
 * dy, with zeros put between its pixels for a stride, by the filter turned round.
 */
export const conv2dBackpropInput: OwnKernel = {
  kernelName: Conv2DBackpropInput,
  kernelFunc: ({ inputs, attrs }) => {
    const { dy, filter } = inputs as unknown as { [name in keyof Conv2DBackpropInputInputs]: Tensor4D };
    const { strides, pad, inputShape, dimRoundingMode } = attrs as unknown as Conv2DBackpropInputAttrs;
    const info = backend_util.computeConv2DInfo(inputShape, filter.shape, strides, 1, pad, dimRoundingMode);
    return tidy(() => (isPointwise(info) ? pointwise(dy, filter, inputShape) : turned(dy, filter, info)));
  },
};

function isPointwise({ filterHeight, filterWidth, strideHeight, strideWidth }: backend_util.Conv2DInfo): boolean {
  return filterHeight === 1 && filterWidth === 1 && strideHeight === 1 && strideWidth === 1;
}

function pointwise(dy: Tensor4D, filter: Tensor4D, inputShape: [number, number, number, number]): Tensor4D {
  const [, , inputs, outputs] = filter.shape;
  return reshape(matMul(reshape(dy, [-1, outputs]), reshape(filter, [inputs, outputs]), false, true), inputShape);
}

function turned(dy: Tensor4D, filter: Tensor4D, info: backend_util.Conv2DInfo): Tensor4D {
  const spread = spreadColumns(spreadRows(dy, info.strideHeight), info.strideWidth);
  const [, height, width] = spread.shape;
  const top = info.filterHeight - 1 - info.padInfo.top;
  const left = info.filterWidth - 1 - info.padInfo.left;
  const bottom = info.inHeight + info.filterHeight - 1 - top - height;
  const right = info.inWidth + info.filterWidth - 1 - left - width;
  // More padding than a window reaches, or pixels that no window started at, lie outside: cut instead of padding.
  const inside = slice(
    spread,
    [0, Math.max(-top, 0), Math.max(-left, 0), 0],
    [-1, height + Math.min(top, 0) + Math.min(bottom, 0), width + Math.min(left, 0) + Math.min(right, 0), -1],
  );
  const positive = (padding: number) => Math.max(padding, 0);
  const padding: backend_util.ExplicitPadding = [
    [0, 0],
    [positive(top), positive(bottom)],
    [positive(left), positive(right)],
    [0, 0],
  ];
  const isWhole = inside.size === spread.size;
  return conv2d(isWhole ? spread : inside, turnRound(filter), 1, padding);
}

/** The filter rotated by half a turn, with its inputs and outputs swapped. */
function turnRound(filter: Tensor4D): Tensor4D {
  const [height, width, inputs, outputs] = filter.shape;
  const [turned] = computeOnHost([filter], [[height, width, outputs, inputs]], ([out], [values]) => {
    const taps = height * width;
    const size = inputs * outputs;
    for (let tap = 0; tap < taps; tap++) {
      transposeInto(out as Float32Array, (taps - 1 - tap) * size, values as Float32Array, tap * size, inputs, outputs);
    }
  });
  return turned as Tensor4D;
}

function transposeInto(
  out: Float32Array,
  to: number,
  values: Float32Array,
  from: number,
  rows: number,
  columns: number,
): void {
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      out[to + column * rows + row] = values[from + row * columns + column] as number;
    }
  }
}

function spreadRows(x: Tensor4D, stride: number): Tensor4D {
  if (stride === 1) return x;
  const [batch, height, width, channels] = x.shape;
  const rows = reshape(x, [batch * height, 1, width * channels]);
  return reshape(
    padWithZeros(rows, [
      [0, 0],
      [0, stride - 1],
      [0, 0],
    ]),
    [batch, height * stride, width, channels],
  );
}

function spreadColumns(x: Tensor4D, stride: number): Tensor4D {
  if (stride === 1) return x;
  const [batch, height, width, channels] = x.shape;
  const pixels = reshape(x, [batch * height * width, channels]);
  return reshape(
    padWithZeros(pixels, [
      [0, 0],
      [0, (stride - 1) * channels],
    ]),
    [batch, height, width * stride, channels],
  );
}
