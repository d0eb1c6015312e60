import type { Tensor2D, Tensor3D, Tensor4D } from '@tensorflow/tfjs-core';
import { add, concat, mul, reshape, sub, tidy } from '@tensorflow/tfjs-core';
import type { Experiment } from '../../config/schema.js';
import { attend, type Projection, project } from '../nn/attention.js';
import { conv2d } from '../nn/conv2d.js';
import { dense } from '../nn/dense.js';
import { dropout } from '../nn/dropout.js';
import { embedding } from '../nn/embedding.js';
import { heUniform } from '../nn/initializers.js';
import { lineNorm } from '../nn/layer-norm.js';
import { bidirectionalLstm } from '../nn/lstm.js';
import type { Pass, VariableScope } from '../nn/module.js';
import { buildModule } from '../nn/module.js';
import { leakyRelu } from '../nn/ops/leaky-relu.js';
import { meanAlong } from '../nn/ops/pool.js';
import { spatialFactors } from './cbam.js';
import type { Discriminator, DiscriminatorSize } from './networks.js';
import { residualLine } from './residual-line.js';

type DiscriminatorConfig = Experiment['model']['discriminator'];

const usualLayers = 4;
const textDropout = 0.2;
const headDropout = 0.3;

/**
 * The `enhanced_v2` discriminator. Image: residual blocks, each halved by a strided convolution, and spatial attention; text:
 * a bidirectional LSTM and self-attention. The columns of the image then attend to the characters and the other way round
 * (cross-modal attention, Lu et al. 2019); the means of both are judged.
 */
export function createAttentionDiscriminator(config: DiscriminatorConfig, size: DiscriminatorSize): Discriminator {
  const { lstm_units } = config;
  const { root, variables, trainable } = buildModule('discriminator', size.seed);
  const [image, text] = [imageBranch(root.scope('image'), config), textBranch(root.scope('text'), config, size)];
  const columnsToText = crossAttention(root.scope('image_to_text'), image.channels, text.channels, lstm_units);
  const textToColumns = crossAttention(root.scope('text_to_image'), text.channels, image.channels, lstm_units);
  const judge = head(root.scope('head'), lstm_units);
  const apply = (images: Tensor4D, characters: Tensor2D, pass: Pass) => {
    const [columns, read] = [image.read(images), text.read(characters, pass)];
    const both = [columnsToText(columns, read), textToColumns(read, columns)].map((mixed) =>
      reshape(meanAlong(mixed, [1]), [-1, lstm_units]),
    );
    return judge(concat(both as Tensor2D[], 1), pass);
  };
  return { variables, trainable, apply: (images, characters, pass) => tidy(() => apply(images, characters, pass)) };
}

/** The image's columns as a sequence [N, width / 2^layers, channels]. */
function imageBranch(scope: VariableScope, { filters, num_layers = usualLayers }: DiscriminatorConfig) {
  const stem = conv2d(scope.scope('stem'), { inputs: 1, filters, size: 3 });
  const stemNorm = lineNorm(scope.scope('stem').scope('norm'), filters);
  const widths = Array.from({ length: num_layers }, (_, level) => filters * 2 ** level);
  const levels = widths.map((width, level) => {
    const own = scope.scope(`level${level}`);
    const block = residualLine(own, widths[level - 1] ?? filters, width);
    const halve = conv2d(own.scope('halve'), { inputs: width, filters: width, size: 4, stride: 2 });
    const norm = lineNorm(own.scope('halve').scope('norm'), width);
    return (x: Tensor4D) => leakyRelu(norm(halve(block(x))));
  });
  const channels = widths.at(-1) ?? filters;
  const factors = spatialFactors(scope.scope('attention'));
  const last = residualLine(scope.scope('last'), channels, channels);
  const read = (images: Tensor4D): Tensor3D => {
    // Ink is 1 inside the network, so that the zeros that pad the border mean paper.
    const first = leakyRelu(stemNorm(stem(sub(1, images))));
    const map = levels.reduce((x, level) => level(x), first);
    const attended = last(mul<Tensor4D>(map, factors(map)));
    const [lines, , columns] = attended.shape;
    return reshape(meanAlong(attended, [1]), [lines, columns, channels]);
  };
  return { channels, read };
}

/** The characters as a sequence [N, L, 2 · units]. */
function textBranch(
  scope: VariableScope,
  { embedding_size, lstm_units }: DiscriminatorConfig,
  { characters }: DiscriminatorSize,
) {
  const channels = 2 * lstm_units;
  const embed = embedding(scope.scope('embedding'), characters + 1, embedding_size);
  const drop = dropout(`${scope.path}/embedding`, textDropout);
  const readLine = bidirectionalLstm(scope.scope('lstm'), { inputs: embedding_size, units: lstm_units });
  const attention = scope.scope('self_attention');
  const [toQueries, toKeys, toValues] = ['query', 'key', 'value'].map((name) =>
    project(attention.scope(name), channels, channels),
  ) as [Projection, Projection, Projection];
  const read = (characters: Tensor2D, pass: Pass): Tensor3D => {
    const sequence = readLine(drop(embed(characters), pass));
    return attend(toQueries(sequence), toKeys(sequence), toValues(sequence));
  };
  return { channels, read };
}

/** For each step of one sequence a mean of the other's steps, in `units` channels: [N, T, own] and [N, S, other] → [N, T, units]. */
function crossAttention(scope: VariableScope, own: number, other: number, units: number) {
  const toQueries = project(scope.scope('query'), own, units);
  const toKeys = project(scope.scope('key'), other, units);
  const toValues = project(scope.scope('value'), other, units);
  return (x: Tensor3D, y: Tensor3D): Tensor3D => {
    const queries = toQueries(x);
    // The queries are added, as a transformer does, so that the judgement also sees what attends.
    return add(queries, attend(queries, toKeys(y), toValues(y)));
  };
}

function head(scope: VariableScope, units: number): (x: Tensor2D, pass: Pass) => Tensor2D {
  const sizes = [2 * units, 2 * units, units];
  const layers = sizes.slice(1).map((width, index) => {
    const layer = dense(scope.scope(`dense${index}`), {
      inputs: sizes[index] as number,
      units: width,
      initialize: heUniform,
    });
    const drop = dropout(`${scope.path}/dense${index}`, headDropout);
    return (x: Tensor2D, pass: Pass) => drop(leakyRelu(layer(x)), pass);
  });
  const logit = dense(scope.scope('logit'), { inputs: units, units: 1 });
  return (x, pass) => logit(layers.reduce((hidden, layer) => layer(hidden, pass), x));
}
