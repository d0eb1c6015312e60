import type { Tensor3D, Tensor4D } from '@tensorflow/tfjs-core';
import { add, mul, reshape, slice, sub, tidy, transpose } from '@tensorflow/tfjs-core';
import { SuperviseError } from '../../protocol/index.js';
import { project } from '../nn/attention.js';
import { dropout } from '../nn/dropout.js';
import { uniformWithin } from '../nn/initializers.js';
import { layerNorm } from '../nn/layer-norm.js';
import type { Pass, VariableScope } from '../nn/module.js';
import { buildModule, disposeModule, inference } from '../nn/module.js';
import type { FrozenRecognizer, Recognizer } from './recognizer.js';
import { transformerLayer } from './transformer-layer.js';
import { type FrozenStage, readingStage, type StageShape } from './transformer-stage.js';

/** Sizes of the transformer recognizer. */
export interface TransformerOptions {
  /** Size of the lines that it reads, in pixels. */
  readonly height: number;
  readonly width: number;
  /** Classes, blank included. */
  readonly classes: number;
  readonly seed: number;
  /** Channels of the first convolutions; the last have eight times as many. */
  readonly filters: number;
  /** Channels of a step of the sequence, the heads that attend to it, and the channels of each. */
  readonly dimension: number;
  readonly heads: number;
  readonly headSize: number;
  /** Channels inside of a layer's two dense layers. */
  readonly feedForward: number;
  readonly layers: number;
  readonly dropout: number;
  /** Grey values that the network was made for: 0 to 1, or −1 to 1. */
  readonly input: '0..1' | '-1..1';
}

/** Lines are read in steps of so many columns, and eighths of their height. */
export const columnsPerStep = 8;
const rowsPerStep = 8;

/** The convolutions: channels in units of `filters`, window, stride, and the block of pixels that is pooled behind each. */
export const transformerStages = [
  { factor: 1, size: 7, strides: [2, 1], pool: undefined, dropout: 0.5 },
  { factor: 1, size: 3, strides: [1, 1], pool: [2, 2], dropout: 0.5 },
  { factor: 2, size: 3, strides: [1, 1], pool: undefined, dropout: 0.7 },
  { factor: 2, size: 3, strides: [1, 1], pool: [2, 2], dropout: 0.7 },
  { factor: 4, size: 3, strides: [1, 1], pool: undefined, dropout: 1 },
  { factor: 4, size: 3, strides: [1, 1], pool: [1, 2], dropout: 1 },
  { factor: 8, size: 3, strides: [1, 1], pool: undefined, dropout: 1 },
  { factor: 8, size: 3, strides: [1, 1], pool: undefined, dropout: 1 },
] as const satisfies StageShape[];

/** Channels of a column of the feature map, from top to bottom. */
export function columnSize({ height, filters }: Pick<TransformerOptions, 'height' | 'filters'>): number {
  return Math.ceil(height / rowsPerStep) * filters * 8;
}

/**
 * Recognizer of eight convolutions with batch norm and GELU down to an eighth of each side, whose columns are the steps of a
 * transformer encoder (Vaswani et al. 2017; normalisation behind each sum), and class scores for CTC with the blank last.
 */
export function createTransformer(options: TransformerOptions): Recognizer {
  const { classes, seed, dimension, layers, filters, dropout: rate } = options;
  assertReadable(options);
  const { root, variables, trainable } = buildModule('recognizer', seed);
  const stages = transformerStages.map((shape, index) =>
    readingStage(root.scope(`conv${index}`), transformerStages[index - 1]?.factor ?? 0, filters, shape, rate),
  );
  const column = project(root.scope('column'), columnSize(options), dimension);
  const columnNorm = layerNorm(root.scope('column').scope('norm'), dimension);
  const columnDrop = dropout(`${root.path}/column`, rate);
  const steps = Math.ceil(options.width / columnsPerStep);
  const place = positions(root, steps, dimension);
  const encoder = Array.from({ length: layers }, (_, index) => transformerLayer(root.scope(`layer${index}`), options));
  const classify = project(root.scope('logits'), dimension, classes);
  const logits = (map: Tensor4D, pass: Pass): Tensor3D => {
    const [lines, rows, columns, channels] = map.shape;
    const sequence = reshape(transpose(map, [0, 2, 1, 3]), [lines, columns, rows * channels]) as Tensor3D;
    const placed = place(columnDrop(columnNorm(column(sequence)), pass));
    return classify(encoder.reduce((x, layer) => layer(x, pass), placed));
  };
  const module = { variables, trainable };
  const toInput = (images: Tensor4D) => (options.input === '0..1' ? images : sub<Tensor4D>(mul(images, 2), 1));
  return {
    ...module,
    classes,
    features: (images, pass) => tidy(() => stages.reduce((x, stage) => stage.apply(x, pass), toInput(images))),
    logits: (map, pass = inference) => tidy(() => logits(map, pass)),
    freeze: (): FrozenRecognizer => {
      const frozen: FrozenStage[] = stages.map((stage) => stage.freeze());
      return {
        classes,
        features: (images) => tidy(() => frozen.reduce((x, stage) => stage.apply(x), toInput(images))),
        logits: (map) => tidy(() => logits(map, inference)),
        dispose: () => {
          for (const stage of frozen) stage.dispose();
          disposeModule(module);
        },
      };
    },
  };
}

/** Learned places in the line; a shorter line has the first ones. */
function positions(scope: VariableScope, steps: number, dimension: number): (x: Tensor3D) => Tensor3D {
  const table = scope.weight('positions', [steps, dimension], uniformWithin(0.05));
  return (x) => add<Tensor3D>(x, x.shape[1] === steps ? table : slice(table, [0, 0], [x.shape[1], dimension]));
}

function assertReadable({ height, width }: TransformerOptions): void {
  if (height % rowsPerStep === 0 && width % columnsPerStep === 0) return;
  throw new SuperviseError('CONFIG_INVALID', {
    what: `the transformer cannot read lines of ${width} × ${height} pixels`,
    where: 'model.recognizer.architecture',
    expected: `a width that is a multiple of ${columnsPerStep} and a height that is one of ${rowsPerStep}`,
  });
}
