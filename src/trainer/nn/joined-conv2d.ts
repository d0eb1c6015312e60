import type { Tensor1D, Tensor4D, Variable } from '@tensorflow/tfjs-core';
import { add, concat, conv2d, slice } from '@tensorflow/tfjs-core';
import { isOnHost } from '../backends/host.js';
import { heUniform, zeros } from './initializers.js';
import type { VariableScope } from './module.js';
import { addBias } from './ops/add-bias.js';

/** Shape of a convolution of several images of one size, whose channels count as one image's. */
export interface JoinedConv2dOptions {
  /** Channels of each input. */
  readonly widths: readonly number[];
  readonly filters: number;
  readonly size: number;
  readonly bias?: boolean;
}

/** Makes `kernel` [size, size, sum of widths, filters] (and `bias`) and returns the "same" convolution of the inputs with it. */
export function joinedConv2d(
  scope: VariableScope,
  { widths, filters, size, bias = false }: JoinedConv2dOptions,
): (inputs: readonly Tensor4D[]) => Tensor4D {
  const inputs = widths.reduce((sum, width) => sum + width, 0);
  const kernel = scope.weight('kernel', [size, size, inputs, filters], heUniform) as Variable & Tensor4D;
  const convolve = (images: readonly Tensor4D[]) => {
    const [only] = images.length === 1 ? images : isOnHost() ? [] : [concat([...images], 3)];
    if (only !== undefined) return conv2d(only, kernel, 1, 'same');
    // On wasm, joining channels and slicing their gradient costs more than the convolutions: their sum is the same.
    let first = 0;
    const parts = images.map((image, index) => {
      const width = widths[index] as number;
      const part = slice(kernel, [0, 0, first, 0], [size, size, width, filters]);
      first += width;
      return conv2d(image, part, 1, 'same');
    });
    return parts.reduce((sum, part) => add<Tensor4D>(sum, part));
  };
  if (!bias) return convolve;
  const offset = scope.weight('bias', [filters], zeros) as Variable & Tensor1D;
  return (images) => addBias(convolve(images), offset);
}
