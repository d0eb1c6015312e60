import type { Variable } from '@tensorflow/tfjs-core';
import { tensor, tidy, transpose } from '@tensorflow/tfjs-core';
import type { TensorFile } from '../../../checkpoint/index.js';
import { SuperviseError } from '../../../protocol/index.js';
import type { Recognizer } from '../../models/recognizer.js';
import {
  columnSize,
  columnsPerStep,
  createTransformer,
  type TransformerOptions,
  transformerStages,
} from '../../models/transformer.js';
import { blankModule } from '../../nn/index.js';
import { type KerasWeight, readKerasLayers } from './keras-layers.js';
import {
  type Attention,
  type KernelAndBias,
  type Normalization,
  type SortedLayers,
  sortLayers,
} from './sort-layers.js';

/** What is known beside the file, and what its conventions are. */
export interface ImportOptions
  extends Pick<TransformerOptions, 'height' | 'width' | 'classes' | 'seed' | 'dropout' | 'input'> {
  /** Which class of the file is the CTC blank; here it is the last. */
  readonly blank: 'first' | 'last';
  readonly log: (line: string) => void;
}

/** Whether a file holds the layers of a transformer that Keras has saved. */
export function isKerasTransformer(file: TensorFile): boolean {
  return sortLayers(readKerasLayers(file)).attentions.length > 0;
}

/**
 * Makes the transformer recognizer that Keras has saved: its sizes are those of the file. The model there reads images
 * [width, height, 1]; ours [height, width, 1], so the windows are turned.
 * @throws CHECKPOINT_MISMATCH when the layers are not those of this recognizer, or for other lines or classes
 */
export function importTransformer(file: TensorFile, options: ImportOptions): Recognizer {
  const layers = sortLayers(readKerasLayers(file));
  const sizes = sizesOf(file, layers, options);
  const recognizer = blankModule(() => createTransformer({ ...options, ...sizes }));
  const copy = createCopier(file, recognizer.variables);
  for (const [index, { kernel }] of layers.convolutions.entries()) copy.turned(`conv${index}/kernel`, kernel);
  for (const [index, norm] of layers.batchNorms.entries()) copy.norm(`conv${index}/norm`, norm);
  const [column, ...denses] = layers.denses;
  const [columnNorm, ...norms] = layers.layerNorms;
  copy.dense('column', column as KernelAndBias);
  copy.norm('column/norm', columnNorm as Normalization);
  const [positions] = layers.embeddings;
  if (positions === undefined) options.log('The recognizer has no places (positional embedding) in its file: zeros.');
  copy.positions(positions);
  for (const [index, attention] of layers.attentions.entries()) {
    const path = `layer${index}`;
    for (const [part, weights] of Object.entries(attention)) copy.dense(`${path}/attention/${part}`, weights);
    copy.norm(`${path}/attention/norm`, norms[2 * index] as Normalization);
    copy.dense(`${path}/widen`, denses[2 * index] as KernelAndBias);
    copy.dense(`${path}/narrow`, denses[2 * index + 1] as KernelAndBias);
    copy.norm(`${path}/narrow/norm`, norms[2 * index + 1] as Normalization);
  }
  copy.logits(denses.at(-1) as KernelAndBias, options.blank);
  return recognizer;
}

type Sizes = Pick<TransformerOptions, 'filters' | 'dimension' | 'heads' | 'headSize' | 'feedForward' | 'layers'>;

/** Reads the sizes off the shapes, and refuses what is not this recognizer. */
function sizesOf(file: TensorFile, layers: SortedLayers, { height, width, classes }: ImportOptions): Sizes {
  const { convolutions, batchNorms, denses, layerNorms, attentions } = layers;
  const count = attentions.length;
  const expect = (what: string, found: number | undefined, expected: number) => {
    if (found !== expected) throw mismatch(file, `${what}: ${found ?? 'none'}`, String(expected));
  };
  if (count === 0) throw mismatch(file, 'there is no MultiHeadAttention in it', 'a transformer that Keras has saved');
  expect('convolutions', convolutions.length, transformerStages.length);
  expect('batch norms', batchNorms.length, transformerStages.length);
  expect('dense layers', denses.length, 2 + 2 * count);
  expect('layer norms', layerNorms.length, 1 + 2 * count);
  const filters = convolutions[0]?.kernel.shape[3] as number;
  for (const [index, { size, factor }] of transformerStages.entries()) {
    const inputs = index === 0 ? 1 : (transformerStages[index - 1]?.factor as number) * filters;
    const shape = convolutions[index]?.kernel.shape;
    if (String(shape) === String([size, size, inputs, factor * filters])) continue;
    throw mismatch(file, `convolution ${index + 1} is [${shape}]`, `[${[size, size, inputs, factor * filters]}]`);
  }
  const [inputs, dimension] = (denses[0] as KernelAndBias).kernel.shape as [number, number];
  expect(`values in a column of a line ${height} pixels high`, inputs, columnSize({ height, filters }));
  expect('classes, the blank included', denses.at(-1)?.kernel.shape[1], classes);
  const places = layers.embeddings[0]?.shape[0];
  if (places !== undefined && places < width / columnsPerStep)
    throw mismatch(file, `it reads lines of at most ${places * columnsPerStep} pixels`, `${width}`);
  const [, heads, headSize] = (attentions[0] as Attention).query.kernel.shape as [number, number, number];
  return { filters, dimension, heads, headSize, feedForward: denses[1]?.kernel.shape[1] as number, layers: count };
}

/** Writes weights of the file into variables, in our shapes. */
function createCopier(file: TensorFile, variables: ReadonlyMap<string, Variable>) {
  const write = (
    path: string,
    weight: KerasWeight,
    arrange: (values: Float32Array) => Float32Array = (same) => same,
  ) => {
    const target = variables.get(`recognizer/${path}`) as Variable;
    const values = arrange(readFloats(file, weight));
    if (values.length !== target.size)
      throw mismatch(file, `${weight.tensor} is [${weight.shape}]`, `the ${target.size} values of [${target.shape}]`);
    tidy(() => target.assign(tensor(values, target.shape) as Variable));
  };
  const dense = (path: string, { kernel, bias }: KernelAndBias) => {
    write(`${path}/kernel`, kernel);
    if (bias !== undefined) write(`${path}/bias`, bias);
  };
  return {
    dense,
    turned: (path: string, kernel: KerasWeight) =>
      write(path, kernel, (values) =>
        tidy(() => transpose(tensor(values, [...kernel.shape]), [1, 0, 2, 3]).dataSync<'float32'>()),
      ),
    norm: (path: string, { gamma, beta, mean, variance }: Normalization) => {
      write(`${path}/gamma`, gamma);
      write(`${path}/beta`, beta);
      if (mean !== undefined) write(`${path}/moving_mean`, mean);
      if (variance !== undefined) write(`${path}/moving_variance`, variance);
    },
    positions: (weight: KerasWeight | undefined) => {
      const target = variables.get('recognizer/positions') as Variable;
      if (weight === undefined)
        tidy(() => target.assign(tensor(new Float32Array(target.size), target.shape) as Variable));
      else write('positions', weight, (values) => values.subarray(0, target.size));
    },
    logits: (weights: KernelAndBias, blank: 'first' | 'last') => {
      if (blank === 'last') return dense('logits', weights);
      const classes = weights.kernel.shape[1] as number;
      write('logits/kernel', weights.kernel, (values) => firstToLast(values, classes));
      if (weights.bias !== undefined) write('logits/bias', weights.bias, (values) => firstToLast(values, classes));
    },
  };
}

/** Moves the first of each row's values to its end. */
function firstToLast(values: Float32Array, columns: number): Float32Array {
  return values.map((_, at) => values[at - (at % columns) + ((at + 1) % columns)] as number);
}

function readFloats(file: TensorFile, { tensor: name }: KerasWeight): Float32Array {
  const { dtype, data } = file.read(name);
  if (dtype !== 'float32' || !(data instanceof Uint8Array)) throw mismatch(file, `${name} is ${dtype}`, 'float32');
  const bytes = data.byteOffset % 4 === 0 ? data : data.slice();
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
}

function mismatch({ path }: TensorFile, what: string, expected: string): SuperviseError {
  return new SuperviseError('CHECKPOINT_MISMATCH', {
    what: `these are not the weights of the transformer recognizer: ${what}`,
    where: path,
    expected,
    hint: 'docs/models.md draws the network; data.image_height, the charset and model.recognizer have to fit it',
  });
}
