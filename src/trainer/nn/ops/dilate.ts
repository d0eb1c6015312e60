import type { Tensor4D } from '@tensorflow/tfjs-core';
import { batchToSpaceND, conv2d, spaceToBatchND } from '@tensorflow/tfjs-core';
import { withGradient } from './with-gradient.js';

/**
 * "Same" convolution of NHWC images with a dilated window (Yu and Koltun 2016). Every `rate`-th row and column becomes an image
 * of its own, since tfjs has no gradient of a dilated convolution.
 */
export function dilatedConv2d(x: Tensor4D, kernel: Tensor4D, rate: number): Tensor4D {
  if (rate === 1) return conv2d(x, kernel, 1, 'same');
  const [, height, width] = x.shape;
  const missing = [height, width].map((length) => [0, (rate - (length % rate)) % rate]);
  const take = (images: Tensor4D) => spaceToBatchND(images, [rate, rate], missing);
  const putBack = (images: Tensor4D) => batchToSpaceND(images, [rate, rate], missing);
  const parts = withGradient<Tensor4D>([x], {
    forward: () => ({ value: take(x) }),
    backward: (dy) => [putBack(dy)],
  });
  const convolved = conv2d(parts, kernel, 1, 'same');
  return withGradient<Tensor4D>([convolved], {
    forward: () => ({ value: putBack(convolved) }),
    backward: (dy) => [take(dy)],
  });
}
