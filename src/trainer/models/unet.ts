import type { Tensor4D } from '@tensorflow/tfjs-core';
import { add, mul, sigmoid, sub, tidy } from '@tensorflow/tfjs-core';
import type { Experiment } from '../../config/schema.js';
import { SuperviseError } from '../../protocol/index.js';
import { conv2d } from '../nn/conv2d.js';
import { uniformWithin } from '../nn/initializers.js';
import type { Pass, VariableScope } from '../nn/module.js';
import { buildModule } from '../nn/module.js';
import { averagePixels, repeatPixels } from '../nn/ops/resample.js';
import type { Generator, ModelSize } from './generator.js';
import { residualBlock } from './residual-block.js';

/** Steepness of the sigmoid around mid-grey with which the input passes to the output, before anything is learned. */
const inputContrast = 8;

/**
 * U-Net (Ronneberger et al. 2015) whose levels are residual blocks of two 3 × 3 convolutions with batch norm: `filters`
 * channels on the first level, twice as many on each of the `depth` levels below. It learns what to add to the input, so
 * that training starts from the degraded image rather than from noise.
 */
export function createUnet({ filters, depth }: Experiment['model']['generator'], size: ModelSize): Generator {
  assertDivisible(size, depth);
  const { root, variables, trainable } = buildModule('generator', size.seed);
  const widths = Array.from({ length: depth + 1 }, (_, level) => filters * 2 ** level);
  const encoders = widths.map((width, level) =>
    residualBlock(root.scope(`enc${level}`), [widths[level - 1] ?? 1], width),
  );
  const decoders = widths.slice(0, -1).map((width, level) => decoder(root.scope(`dec${level}`), width));
  const head = conv2d(root.scope('head'), {
    inputs: filters,
    filters: 1,
    size: 1,
    bias: true,
    initialize: uniformWithin(0.05),
  });
  const features = (ink: Tensor4D, pass: Pass) => {
    const skips: Tensor4D[] = [];
    for (const [level, encode] of encoders.entries()) {
      const above = skips.at(-1);
      skips[level] = encode([above === undefined ? ink : averagePixels(above, [2, 2])], pass);
    }
    return decoders.reduceRight(
      (below, decode, level) => decode(below, skips[level] as Tensor4D, pass),
      skips[depth] as Tensor4D,
    );
  };
  const restore = (degraded: Tensor4D, pass: Pass) => {
    // Ink is 1 inside the network, so that the zeros that pad the border mean paper.
    const learned = head(features(sub(1, degraded), pass));
    return sigmoid(add(learned, mul(sub(degraded, 0.5), inputContrast))) as Tensor4D;
  };
  return { variables, trainable, apply: (degraded, pass) => tidy(() => restore(degraded, pass)) };
}

type Decoder = (below: Tensor4D, skip: Tensor4D, pass: Pass) => Tensor4D;

/** Brings the level below to this one's size and width, and joins it with what the encoder saw here. */
function decoder(scope: VariableScope, width: number): Decoder {
  const narrow = conv2d(scope.scope('up'), { inputs: 2 * width, filters: width, size: 1 });
  const join = residualBlock(scope, [width, width], width);
  return (below, skip, pass) => join([repeatPixels(narrow(below), [2, 2]), skip], pass);
}

function assertDivisible({ height, width }: ModelSize, depth: number): void {
  const unit = 2 ** depth;
  if (height % unit === 0 && width % unit === 0) return;
  throw new SuperviseError('CONFIG_INVALID', {
    what: `images of ${width} × ${height} pixels cannot be halved ${depth} times`,
    where: 'model.generator.depth',
    expected: `a width and height that are multiples of ${unit}`,
    hint: 'lower model.generator.depth, or change data.image_width and data.image_height',
  });
}
