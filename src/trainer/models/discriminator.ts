import type { Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import { concat, reshape, slice, sub, tidy } from '@tensorflow/tfjs-core';
import type { Experiment } from '../../config/schema.js';
import { conv2d } from '../nn/conv2d.js';
import { dense } from '../nn/dense.js';
import { dropout } from '../nn/dropout.js';
import { embedding } from '../nn/embedding.js';
import { lstm } from '../nn/lstm.js';
import type { Pass, VariableScope } from '../nn/module.js';
import { buildModule } from '../nn/module.js';
import { leakyRelu } from '../nn/ops/leaky-relu.js';
import { createAttentionDiscriminator } from './attention-discriminator.js';
import type { Discriminator, DiscriminatorSize, ModelSize } from './networks.js';

/** Makes the discriminator that the configuration names. */
export function createDiscriminator(
  config: Experiment['model']['discriminator'],
  size: DiscriminatorSize,
): Discriminator {
  return config.architecture === 'base'
    ? createPlainDiscriminator(config, size)
    : createAttentionDiscriminator(config, size);
}

const headDropout = 0.3;
const usualLayers = 3;

/** The `base` discriminator: strided convolutions and a dense layer read the image, an embedding and an LSTM the text; a dense layer joins them. */
function createPlainDiscriminator(
  config: Experiment['model']['discriminator'],
  size: DiscriminatorSize,
): Discriminator {
  const { root, variables, trainable } = buildModule('discriminator', size.seed);
  const readImage = imageBranch(root.scope('image'), config, size);
  const readText = textBranch(root.scope('text'), config, size.characters);
  const join = dense(root.scope('join'), { inputs: 2 * config.lstm_units, units: config.lstm_units });
  const drop = dropout(`${root.path}/join`, headDropout);
  const judge = dense(root.scope('logit'), { inputs: config.lstm_units, units: 1 });
  const apply = (images: Tensor4D, text: Tensor2D, pass: Pass) => {
    const both = concat([readImage(images), readText(text)], 1);
    return judge(drop(leakyRelu(join(both)), pass));
  };
  return { variables, trainable, apply: (images, text, pass) => tidy(() => apply(images, text, pass)) };
}

function imageBranch(
  scope: VariableScope,
  { filters, num_layers = usualLayers, lstm_units }: Experiment['model']['discriminator'],
  { height, width }: ModelSize,
): (images: Tensor4D) => Tensor2D {
  const widths = Array.from({ length: num_layers }, (_, level) => filters * 2 ** level);
  const convolutions = widths.map((width, level) =>
    conv2d(scope.scope(`conv${level}`), {
      inputs: widths[level - 1] ?? 1,
      filters: width,
      size: 4,
      stride: 2,
      bias: true,
    }),
  );
  const scale = 2 ** num_layers;
  const inputs = Math.ceil(height / scale) * Math.ceil(width / scale) * (widths.at(-1) ?? 1);
  const summarize = dense(scope.scope('dense'), { inputs, units: lstm_units });
  return (images) => {
    const features = convolutions.reduce((x, convolve) => leakyRelu(convolve(x)), sub(1, images) as Tensor4D);
    return leakyRelu(summarize(reshape(features, [-1, inputs])));
  };
}

function textBranch(
  scope: VariableScope,
  { embedding_size, lstm_units }: Experiment['model']['discriminator'],
  characters: number,
): (text: Tensor2D) => Tensor2D {
  const embed = embedding(scope.scope('embedding'), characters + 1, embedding_size);
  const read = lstm(scope.scope('lstm'), { inputs: embedding_size, units: lstm_units });
  return (text) => {
    const [lines, length] = text.shape;
    return reshape(slice(read(embed(text)), [0, length - 1, 0], [lines, 1, lstm_units]), [lines, lstm_units]);
  };
}
