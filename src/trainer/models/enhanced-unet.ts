import type { Tensor4D } from '@tensorflow/tfjs-core';
import { maxPool } from '@tensorflow/tfjs-core';
import type { Experiment } from '../../config/schema.js';
import { SuperviseError } from '../../protocol/index.js';
import type { Pass, VariableScope } from '../nn/module.js';
import { buildModule } from '../nn/module.js';
import { addToInput } from './add-to-input.js';
import { attentionGate, upsample } from './attention-gate.js';
import { assertDivisible, depthOf, levelWidths } from './levels.js';
import type { Generator, ModelSize } from './networks.js';
import type { Block } from './residual-block.js';
import { residualUnit } from './residual-unit.js';

/** Widths stop doubling at so many times the first level's. */
const mostFactor = 8;

/**
 * The `enhanced` generator: a U-Net of residual blocks (He et al. 2016) whose skip connections pass through attention gates
 * (Oktay et al. 2018). Of `num_residual_blocks`, one belongs to each level on the way down and on the way up; what is left is
 * at the bottom.
 */
export function createEnhancedUnet(config: Experiment['model']['generator'], size: ModelSize): Generator {
  const depth = depthOf(config);
  assertDivisible(size, depth);
  const { root, variables, trainable } = buildModule('generator', size.seed);
  const widths = levelWidths(config.filters, depth, mostFactor);
  const encoders = widths.map((width, level) =>
    residualUnit(root.scope(`enc${level}`), [widths[level - 1] ?? 1], width),
  );
  const lowest = widths[depth] as number;
  const bottom = Array.from({ length: blocksAtBottom(config.num_residual_blocks, depth) }, (_, index) =>
    residualUnit(root.scope(`bottom${index}`), [lowest], lowest),
  );
  const decoders = widths
    .slice(0, -1)
    .map((width, level) => decoder(root.scope(`dec${level}`), widths[level + 1] as number, width));
  const features = (ink: Tensor4D, pass: Pass) => {
    const skips: Tensor4D[] = [];
    for (const [level, encode] of encoders.entries()) {
      const above = skips.at(-1);
      skips[level] = encode([above === undefined ? ink : maxPool(above, 2, 2, 'same')], pass);
    }
    const encoded = bottom.reduce((x, block) => block([x], pass), skips[depth] as Tensor4D);
    return decoders.reduceRight((below, decode, level) => decode([below, skips[level] as Tensor4D], pass), encoded);
  };
  return { variables, trainable, apply: addToInput(root, config.filters, features) };
}

/** Brings the level below up, and joins it with what the gate lets through of the encoder's. */
function decoder(scope: VariableScope, below: number, width: number): Block {
  const enlarge = upsample(scope.scope('up'), below, width);
  const gate = attentionGate(scope.scope('gate'), width, width, Math.ceil(width / 2));
  const join = residualUnit(scope, [width, width], width);
  return ([lower, skip], pass) => {
    const up = enlarge(lower as Tensor4D, pass);
    return join([gate(skip as Tensor4D, up, pass), up], pass);
  };
}

function blocksAtBottom(blocks: number | undefined, depth: number): number {
  const ofLevels = 2 * depth + 1;
  if (blocks === undefined || blocks >= ofLevels) return (blocks ?? ofLevels) - ofLevels;
  throw new SuperviseError('CONFIG_INVALID', {
    what: `${blocks} residual blocks are too few for a generator of depth ${depth}`,
    where: 'model.generator.num_residual_blocks',
    expected: `at least ${ofLevels}: one for each level on the way down and on the way up`,
    hint: 'raise it, leave it out, or lower model.generator.depth',
  });
}
