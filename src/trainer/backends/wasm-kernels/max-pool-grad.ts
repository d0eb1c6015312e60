import type { MaxPoolGradAttrs, MaxPoolGradInputs, Tensor4D } from '@tensorflow/tfjs-core';
import { backend_util, MaxPoolGrad } from '@tensorflow/tfjs-core';
import { computeOnHost } from '../host.js';
import type { OwnKernel } from '../own-kernel.js';

/**
 * Gradient of max pooling, NHWC, in place of the wasm backend's, which loses windows whose values are all negative. As in
 * TensorFlow the first of equal maxima takes the gradient.
 */
export const maxPoolGrad: OwnKernel = {
  kernelName: MaxPoolGrad,
  kernelFunc: ({ inputs, attrs }) => {
    const { dy, input } = inputs as unknown as { [name in keyof MaxPoolGradInputs]: Tensor4D };
    const { filterSize, strides, pad, dimRoundingMode } = attrs as unknown as MaxPoolGradAttrs;
    const info = backend_util.computePool2DInfo(input.shape, filterSize, strides, 1, pad, dimRoundingMode);
    const [gradient] = computeOnHost([dy, input], [input.shape], ([dx], [dOut, values]) => {
      (dx as Float32Array).fill(0);
      scatterToMaxima(info, dx as Float32Array, dOut as Float32Array, values as Float32Array);
    });
    return gradient as Tensor4D;
  },
};

function scatterToMaxima(info: backend_util.Conv2DInfo, dx: Float32Array, dy: Float32Array, x: Float32Array): void {
  const { batchSize, outHeight, outWidth, inHeight, inWidth, inChannels: channels, padInfo } = info;
  let out = 0;
  for (let image = 0; image < batchSize; image++) {
    for (let row = 0; row < outHeight; row++) {
      const top = row * info.strideHeight - padInfo.top;
      const bottom = Math.min(top + info.filterHeight, inHeight);
      for (let column = 0; column < outWidth; column++) {
        const left = column * info.strideWidth - padInfo.left;
        const right = Math.min(left + info.filterWidth, inWidth);
        for (let channel = 0; channel < channels; channel++) {
          let best = -1;
          let largest = -Infinity;
          for (let y = Math.max(top, 0); y < bottom; y++) {
            let at = ((image * inHeight + y) * inWidth + Math.max(left, 0)) * channels + channel;
            for (let x0 = Math.max(left, 0); x0 < right; x0++, at += channels) {
              const value = x[at] as number;
              if (value > largest) {
                largest = value;
                best = at;
              }
            }
          }
          if (best >= 0) dx[best] = (dx[best] as number) + (dy[out] as number);
          out++;
        }
      }
    }
  }
}
