import type { Tensor2D, Tensor3D, Tensor4D, Variable } from '@tensorflow/tfjs-core';
import { conv2d, mul, reshape, sub, tidy, transpose } from '@tensorflow/tfjs-core';
import { normRectify } from '../nn/batch-norm.js';
import { dense } from '../nn/dense.js';
import { heUniform } from '../nn/initializers.js';
import { bidirectionalLstm } from '../nn/lstm.js';
import type { Pass, VariableScope } from '../nn/module.js';
import { buildModule, disposeModule } from '../nn/module.js';
import type { FrozenConvolution } from '../nn/ops/frozen-conv.js';
import { frozenConvRectify } from '../nn/ops/frozen-conv.js';
import { leakyRelu } from '../nn/ops/leaky-relu.js';
import { averagePixels, type PixelBlock } from '../nn/ops/resample.js';
import type { FrozenRecognizer, Recognizer } from './recognizer.js';

/** Convolutions: channels, and the block of pixels that is averaged in front of each. */
const stages = [
  { filters: 16, pool: undefined },
  { filters: 32, pool: [2, 2] },
  { filters: 48, pool: [2, 2] },
  { filters: 64, pool: [2, 1] },
] as const satisfies { filters: number; pool: PixelBlock | undefined }[];

const features = 64;
const lstmUnits = 48;

/** Size of the lines that a recognizer reads, its classes (blank included) and the seed of its initial weights. */
export interface CrnnOptions {
  readonly height: number;
  readonly classes: number;
  readonly seed: number;
}

/**
 * CRNN (Shi et al. 2017): convolutions with batch norm down to an eighth of the height and a quarter of the width, a dense
 * layer over each column, a bidirectional LSTM along the line, class scores with the blank last.
 */
export function createCrnn({ height, classes, seed }: CrnnOptions): Recognizer {
  const { root, variables, trainable } = buildModule('recognizer', seed);
  const convolutions = stages.map(({ filters }, index) =>
    stage(root.scope(`conv${index}`), stages[index - 1]?.filters ?? 1, filters),
  );
  const columnSize = (height / 8) * (stages.at(-1)?.filters ?? 1);
  const summarize = dense(root.scope('column'), { inputs: columnSize, units: features, initialize: heUniform });
  const readLine = bidirectionalLstm(root.scope('lstm'), { inputs: features, units: lstmUnits });
  const classify = dense(root.scope('logits'), { inputs: 2 * lstmUnits, units: classes });
  const logits = (map: Tensor4D): Tensor3D => {
    const [lines, , steps] = map.shape;
    const columns = reshape(transpose(map, [0, 2, 1, 3]), [lines * steps, columnSize]) as Tensor2D;
    const read = readLine(reshape(leakyRelu(summarize(columns)), [lines, steps, features]));
    return reshape(classify(reshape(read, [lines * steps, 2 * lstmUnits])), [lines, steps, classes]);
  };
  const module = { variables, trainable };
  return {
    ...module,
    classes,
    features: (images, pass) =>
      tidy(() =>
        throughStages(
          images,
          convolutions.map(
            ({ apply }) =>
              (x) =>
                apply(x, pass),
          ),
        ),
      ),
    logits: (map) => tidy(() => logits(map)),
    freeze: (): FrozenRecognizer => {
      const frozen = convolutions.map(({ fold }) => fold());
      return {
        classes,
        features: (images) =>
          tidy(() =>
            throughStages(
              images,
              frozen.map((weights) => (x) => frozenConvRectify(x, weights)),
            ),
          ),
        logits: (map) => tidy(() => logits(map)),
        dispose: () => {
          for (const { kernel, bias } of frozen) {
            kernel.dispose();
            bias.dispose();
          }
          disposeModule(module);
        },
      };
    },
  };
}

interface Stage {
  readonly apply: (x: Tensor4D, pass: Pass) => Tensor4D;
  /** The same convolution with the running statistics folded in. */
  readonly fold: () => FrozenConvolution;
}

function stage(scope: VariableScope, inputs: number, filters: number): Stage {
  const kernel = scope.weight('kernel', [3, 3, inputs, filters], heUniform) as Variable & Tensor4D;
  const norm = normRectify(scope.scope('norm'), filters);
  return {
    apply: (x, pass) => norm.apply(conv2d(x, kernel, 1, 'same'), pass),
    fold: () => {
      const { scale, shift } = norm.toAffine();
      const folded = tidy(() => mul<Tensor4D>(kernel, scale));
      scale.dispose();
      return { kernel: folded, bias: shift };
    },
  };
}

function throughStages(images: Tensor4D, convolutions: readonly ((x: Tensor4D) => Tensor4D)[]): Tensor4D {
  // Ink is 1 inside the network, so that the zeros that pad the border mean paper.
  let x = sub<Tensor4D>(1, images);
  for (const [index, convolve] of convolutions.entries()) {
    const pool = stages[index]?.pool;
    x = convolve(pool === undefined ? x : averagePixels(x, pool));
  }
  return x;
}
