import { type Tensor1D, type Tensor4D, tensor, tidy, transpose } from '@tensorflow/tfjs-core';
import { type TensorFile, valueSuffix } from '../../checkpoint/index.js';
import { SuperviseError } from '../../protocol/index.js';
import type { FrozenConvolution } from '../nn/ops/frozen-conv.js';
import { type Vgg, type VggInput, type VggLayer, vggLayers } from './vgg19.js';

/** A network's weights, and the factor that brings its features to the order of 1. */
export interface LoadedVgg {
  readonly vgg: Vgg;
  readonly scale: number;
}

/** Where a layer's weights are in the file. */
interface StoredLayer {
  readonly kernel: string;
  readonly bias: string;
}

/** Keras' weights come from Caffe: 0 to 255, blue first, less ImageNet's mean. Their features are rescaled as in SRGAN (Ledig et al. 2017). */
const keras = { input: affine(255, [103.939, 116.779, 123.68], [1, 1, 1]), scale: 1 / 12.75 };
/** torchvision's: 0 to 1, red first, less ImageNet's mean, over its standard deviation. */
const torchvision = { input: affine(1, [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]), scale: 1 };

/**
 * Reads the convolutions of VGG-19 up to and including the deepest of `layers` (Keras' names) from a file of tensors. They are
 * told by their order and shapes, whatever their names: kernels are [3, 3, in, out] as Keras has them, or [out, in, 3, 3] as
 * torchvision does, each beside a bias.
 * @throws CHECKPOINT_MISMATCH when the file holds something else
 */
export function loadVgg19(
  file: Pick<TensorFile, 'path' | 'names' | 'entries' | 'read'>,
  layers: readonly string[],
): LoadedVgg {
  const depth = 1 + Math.max(...layers.map((name) => vggLayers.findIndex((layer) => layer.name === name)));
  const stored = findLayers(file);
  const wanted = vggLayers.slice(0, depth);
  const isTorch = shapeOf(file, stored[0]?.kernel).at(-1) === 3;
  for (const [index, layer] of wanted.entries()) assertShapes(file, stored[index], layer, isTorch);
  const convolutions = wanted.map((_, index) => readLayer(file, stored[index] as StoredLayer, isTorch));
  const { input, scale } = isTorch ? torchvision : keras;
  return { vgg: { input, convolutions }, scale };
}

/** Every kernel of four dimensions that has a bias beside it, in the order of their names, 2 before 10. */
function findLayers({ names, entries }: Pick<TensorFile, 'names' | 'entries'>): StoredLayer[] {
  const rank = (name: string) => entries.get(name)?.shape.length;
  const parts = new Map<string, string[]>();
  for (const name of names) {
    const path = name.replace(valueSuffix, '');
    const parent = path.replace(/[/.][^/.]*$/, '');
    if (!path.includes('.OPTIMIZER_SLOT')) parts.set(parent, [...(parts.get(parent) ?? []), name]);
  }
  return [...parts]
    .sort(([left], [right]) => comparePaths(left, right))
    .flatMap(([, members]) => {
      const [kernel, bias] = [4, 1].map((wanted) => members.find((name) => rank(name) === wanted));
      return kernel === undefined || bias === undefined ? [] : [{ kernel, bias }];
    });
}

const compareNames = new Intl.Collator('en', { numeric: true }).compare;

/** By component: the whole would put `conv2d_1/vars` before `conv2d/vars`. */
function comparePaths(left: string, right: string): number {
  const [ours, theirs] = [left.split('/'), right.split('/')];
  const at = ours.findIndex((name, index) => name !== theirs[index]);
  return compareNames(ours[at] ?? '', theirs[at] ?? '');
}

function assertShapes(
  file: Pick<TensorFile, 'path' | 'entries'>,
  stored: StoredLayer | undefined,
  { name, inputs, channels }: VggLayer,
  isTorch: boolean,
): void {
  const expected = isTorch ? [channels, inputs, 3, 3] : [3, 3, inputs, channels];
  const shape = shapeOf(file, stored?.kernel);
  if (String(shape) === String(expected) && String(shapeOf(file, stored?.bias)) === String([channels])) return;
  const found = stored === undefined ? 'is missing' : `would be ${stored.kernel}, which is [${shape}]`;
  throw new SuperviseError('CHECKPOINT_MISMATCH', {
    what: `these are not the weights of VGG-19: ${name} ${found}`,
    where: file.path,
    expected: `[${expected}]`,
    hint: 'Keras: vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5; torchvision: the state_dict of vgg19 as .safetensors',
  });
}

function shapeOf({ entries }: Pick<TensorFile, 'entries'>, name: string | undefined): readonly number[] {
  return name === undefined ? [] : (entries.get(name)?.shape ?? []);
}

function readLayer(
  file: Pick<TensorFile, 'path' | 'entries' | 'read'>,
  stored: StoredLayer,
  isTorch: boolean,
): FrozenConvolution {
  const read = (name: string) => tensor(readFloats(file, name), [...shapeOf(file, name)]);
  return {
    kernel: tidy(() => {
      const kernel = read(stored.kernel) as Tensor4D;
      return isTorch ? transpose(kernel, [2, 3, 1, 0]) : kernel;
    }),
    bias: read(stored.bias) as Tensor1D,
  };
}

function readFloats(file: Pick<TensorFile, 'path' | 'read'>, name: string): Float32Array {
  const { dtype, data } = file.read(name);
  if (dtype === 'float32' && data instanceof Uint8Array) {
    const bytes = data.byteOffset % 4 === 0 ? data : data.slice();
    return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  }
  throw new SuperviseError('CHECKPOINT_MISMATCH', {
    what: `${name} is ${dtype}`,
    where: file.path,
    expected: 'float32',
  });
}

function affine(factor: number, mean: readonly number[], deviation: readonly number[]): VggInput {
  const factors = deviation.map((spread) => factor / spread);
  const offsets = mean.map((value, channel) => -value / (deviation[channel] as number));
  return { factors, offsets } as unknown as VggInput;
}
