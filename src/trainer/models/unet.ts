import type { Tensor4D } from '@tensorflow/tfjs-core';
import type { Experiment } from '../../config/schema.js';
import { conv2d } from '../nn/conv2d.js';
import type { Pass, VariableScope } from '../nn/module.js';
import { buildModule } from '../nn/module.js';
import { averagePixels, repeatPixels } from '../nn/ops/resample.js';
import { addToInput } from './add-to-input.js';
import { assertDivisible, depthOf, levelWidths } from './levels.js';
import type { Generator, ModelSize } from './networks.js';
import { residualBlock } from './residual-block.js';

/**
 * U-Net (Ronneberger et al. 2015) whose levels are residual blocks of two 3 × 3 convolutions with batch norm: `filters`
 * channels on the first level, twice as many on each of the `depth` levels below.
 */
export function createUnet(config: Experiment['model']['generator'], size: ModelSize): Generator {
  const depth = depthOf(config);
  assertDivisible(size, depth);
  const { root, variables, trainable } = buildModule('generator', size.seed);
  const widths = levelWidths(config.filters, depth, Number.POSITIVE_INFINITY);
  const encoders = widths.map((width, level) =>
    residualBlock(root.scope(`enc${level}`), [widths[level - 1] ?? 1], width),
  );
  const decoders = widths.slice(0, -1).map((width, level) => decoder(root.scope(`dec${level}`), width));
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
  return { variables, trainable, apply: addToInput(root, config.filters, features) };
}

type Decoder = (below: Tensor4D, skip: Tensor4D, pass: Pass) => Tensor4D;

/** Brings the level below to this one's size and width, and joins it with what the encoder saw here. */
function decoder(scope: VariableScope, width: number): Decoder {
  const narrow = conv2d(scope.scope('up'), { inputs: 2 * width, filters: width, size: 1 });
  const join = residualBlock(scope, [width, width], width);
  return (below, skip, pass) => join([repeatPixels(narrow(below), [2, 2]), skip], pass);
}
