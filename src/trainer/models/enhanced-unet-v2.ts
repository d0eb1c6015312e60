import type { Tensor4D } from '@tensorflow/tfjs-core';
import { maxPool } from '@tensorflow/tfjs-core';
import type { Experiment } from '../../config/schema.js';
import { normRectify } from '../nn/batch-norm.js';
import { conv2d } from '../nn/conv2d.js';
import type { Pass, VariableScope } from '../nn/module.js';
import { buildModule } from '../nn/module.js';
import { addToInput } from './add-to-input.js';
import { attentionGate, upsample } from './attention-gate.js';
import { cbam } from './cbam.js';
import { denseBlock } from './dense-block.js';
import { featurePyramid } from './feature-pyramid.js';
import { assertDivisible, depthOf, levelWidths } from './levels.js';
import type { Generator, ModelSize } from './networks.js';
import type { Block } from './residual-block.js';

/** Widths stop doubling at so many times the first level's. */
const mostFactor = 8;
const layersPerBlock = 3;

/**
 * The `enhanced_v2` generator: a U-Net of residual dense blocks (Zhang et al. 2018), each followed by channel and spatial
 * attention (CBAM, Woo et al. 2018), with a pyramid of dilated convolutions at the bottom and attention gates on the skip
 * connections.
 */
export function createEnhancedUnetV2(config: Experiment['model']['generator'], size: ModelSize): Generator {
  const { filters } = config;
  const depth = depthOf(config);
  assertDivisible(size, depth);
  const { root, variables, trainable } = buildModule('generator', size.seed);
  const widths = levelWidths(filters, depth - 1, mostFactor);
  const growth = Math.max(1, Math.floor(filters / 2));
  const encoders = widths.map((width, level) =>
    attendingBlock(root.scope(`enc${level}`), [widths[level - 1] ?? 1], width, growth),
  );
  const lowest = widths[depth - 1] as number;
  const pyramid = featurePyramid(root.scope('pyramid'), lowest, lowest);
  const bottom = attendingBlock(root.scope('bottom'), [lowest], lowest, growth);
  const decoders = widths.map((width, level) =>
    decoder(root.scope(`dec${level}`), widths[level + 1] ?? lowest, width, growth),
  );
  const refine = conv2d(root.scope('refine'), { inputs: filters, filters: growth, size: 3 });
  const refineNorm = normRectify(root.scope('refine').scope('norm'), growth);
  const features = (ink: Tensor4D, pass: Pass) => {
    const skips: Tensor4D[] = [];
    let x = ink;
    for (const encode of encoders) {
      const encoded = encode([x], pass);
      skips.push(encoded);
      x = maxPool(encoded, 2, 2, 'same');
    }
    const encoded = bottom([pyramid(x, pass)], pass);
    const decoded = decoders.reduceRight(
      (below, decode, level) => decode([below, skips[level] as Tensor4D], pass),
      encoded,
    );
    return refineNorm.apply(refine(decoded), pass);
  };
  return { variables, trainable, apply: addToInput(root, growth, features) };
}

/** A residual dense block and its attention; an input of another width is projected first. */
function attendingBlock(scope: VariableScope, inputs: readonly number[], filters: number, growth: number): Block {
  const block = denseBlock(scope.scope('dense'), inputs, { filters, growth, layers: layersPerBlock });
  const attention = cbam(scope.scope('cbam'), filters);
  return (images, pass) => attention(block(images, pass));
}

/** Brings the level below up, and joins it with what the gate lets through of the encoder's. */
function decoder(scope: VariableScope, below: number, width: number, growth: number): Block {
  const enlarge = upsample(scope.scope('up'), below, width);
  const gate = attentionGate(scope.scope('gate'), width, width, width);
  const join = attendingBlock(scope, [width, width], width, growth);
  return ([lower, skip], pass) => {
    const up = enlarge(lower as Tensor4D, pass);
    return join([gate(skip as Tensor4D, up, pass), up], pass);
  };
}
