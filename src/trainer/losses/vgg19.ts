import type { Tensor, Tensor1D, Tensor4D } from '@tensorflow/tfjs-core';
import {
  add,
  conv2dTranspose,
  engine,
  FusedConv2D,
  MaxPoolGrad,
  maxPool,
  mul,
  step,
  sum,
  tensor1d,
  tidy,
} from '@tensorflow/tfjs-core';
import type { FrozenConvolution } from '../nn/ops/frozen-conv.js';

/** Channels of the convolutions of each block of VGG-19 (Simonyan and Zisserman 2015), configuration E; all are 3 × 3. */
const blocks = [
  { convolutions: 2, channels: 64 },
  { convolutions: 2, channels: 128 },
  { convolutions: 4, channels: 256 },
  { convolutions: 4, channels: 512 },
  { convolutions: 4, channels: 512 },
] as const;

/** One convolution with its rectifier, by Keras' name, and whether 2 × 2 pixels are pooled in front of it. */
export interface VggLayer {
  readonly name: string;
  readonly inputs: number;
  readonly channels: number;
  readonly isPooled: boolean;
}

/** The convolutions in order. */
export const vggLayers: readonly VggLayer[] = blocks.flatMap(({ convolutions, channels }, block) =>
  Array.from({ length: convolutions }, (_, index) => ({
    name: `block${block + 1}_conv${index + 1}`,
    inputs: index > 0 ? channels : (blocks[block - 1]?.channels ?? 3),
    channels,
    isPooled: index === 0 && block > 0,
  })),
);

/** How a grey value in [0, 1] becomes what the weights were trained on: a factor and an offset for each of three channels. */
export interface VggInput {
  readonly factors: readonly [number, number, number];
  readonly offsets: readonly [number, number, number];
}

/** The first layers of a network, as many as are needed. */
export interface Vgg {
  readonly input: VggInput;
  readonly convolutions: readonly FrozenConvolution[];
}

/** What came into each layer (after pooling, if any) and out of it, in order. */
export interface VggPass {
  readonly outputs: readonly Tensor4D[];
  readonly pooled: readonly (Tensor4D | undefined)[];
}

/** Runs gray images [N, height, width, 1] through the network; all features by layer, after the rectifier. */
export function vggForward({ input, convolutions }: Vgg, images: Tensor4D): VggPass {
  const outputs: Tensor4D[] = [];
  const pooled: (Tensor4D | undefined)[] = [];
  let x = add<Tensor4D>(mul(images, tensor1d([...input.factors])), tensor1d([...input.offsets]));
  for (const [index, weights] of convolutions.entries()) {
    const halved = vggLayers[index]?.isPooled === true ? maxPool(x, 2, 2, 'valid') : undefined;
    pooled.push(halved);
    x = convolveRectify(halved ?? x, weights);
    outputs.push(x);
  }
  return { outputs, pooled };
}

/** Gradient with respect to the gray images, from those with respect to the features of some layers, which it frees. */
export function vggBackward(
  { input, convolutions }: Vgg,
  pass: VggPass,
  slopes: readonly (Tensor4D | undefined)[],
): Tensor4D {
  let dy: Tensor4D | undefined;
  for (let layer = convolutions.length - 1; layer >= 0; layer--) {
    const [own, later] = [slopes[layer], dy];
    dy = tidy(() => {
      const whole = later === undefined ? own : own === undefined ? later : add<Tensor4D>(later, own);
      return throughLayer(convolutions[layer] as FrozenConvolution, pass, layer, whole as Tensor4D);
    });
    own?.dispose();
    later?.dispose();
  }
  return sum(mul(dy as Tensor4D, tensor1d([...input.factors])), 3, true);
}

function throughLayer({ kernel }: FrozenConvolution, pass: VggPass, layer: number, dy: Tensor4D): Tensor4D {
  const output = pass.outputs[layer] as Tensor4D;
  const [lines, height, width] = output.shape;
  const shape: [number, number, number, number] = [lines, height, width, kernel.shape[2]];
  const dx = conv2dTranspose(mul<Tensor4D>(dy, step(output)), kernel, shape, 1, 'same');
  const pooled = pass.pooled[layer];
  if (pooled === undefined) return dx;
  const inputs = { dy: dx, input: pass.outputs[layer - 1] as Tensor4D, output: pooled };
  return engine().runKernel(MaxPoolGrad, inputs, { filterSize: 2, strides: 2, pad: 'valid' });
}

function convolveRectify(
  x: Tensor4D,
  { kernel, bias }: { readonly kernel: Tensor4D; readonly bias: Tensor1D },
): Tensor4D {
  const attributes = { strides: 1, pad: 'same', dataFormat: 'NHWC', dilations: 1, activation: 'relu' };
  const value: Tensor = engine().runKernel(FusedConv2D, { x, filter: kernel, bias }, attributes);
  return value as Tensor4D;
}
