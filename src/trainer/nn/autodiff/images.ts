import type { GradConfig, NamedAttrMap, Tensor } from '@tensorflow/tfjs-core';
import { Conv2D, Conv2DBackpropFilter, Conv2DBackpropInput, engine, MaxPool, MaxPoolGrad } from '@tensorflow/tfjs-core';
import { gradient } from './gradient.js';

/** Gradients of convolution (without dilation) and max pooling, NHWC. */
export const imageGradients: readonly GradConfig[] = [
  gradient(Conv2D, { saves: ['x', 'filter'] }, (dy, [x, filter], { strides, pad }) => {
    const shared = { strides, pad, dataFormat: 'NHWC' } as NamedAttrMap;
    return {
      x: () => engine().runKernel(Conv2DBackpropInput, { dy, filter }, { ...shared, inputShape: x.shape }),
      filter: () => engine().runKernel(Conv2DBackpropFilter, { x, dy }, { ...shared, filterShape: filter.shape }),
    };
  }),
  {
    kernelName: MaxPool,
    inputsToSave: ['x'],
    outputsToSave: [true],
    gradFunc: (dy, saved, { filterSize, strides, pad }) => {
      const [input, output] = saved as [Tensor, Tensor];
      const attributes = { filterSize, strides, pad } as NamedAttrMap;
      return { x: () => engine().runKernel(MaxPoolGrad, { dy: dy as Tensor, input, output }, attributes) };
    },
  },
];
