import type { Dataset } from '../data/index.js';
import { createDiscriminator, createGenerator } from '../models/index.js';
import { createAdam, createSgd } from '../nn/index.js';
import { openPerceptualLoss } from './open-perceptual-loss.js';
import { openRecognizer } from './open-recognizer.js';
import type { TrainerOptions } from './trainer-options.js';
import type { TrainingTensors } from './training-tensors.js';

/** Builds the networks and their optimizers, with all that a checkpoint has to hold of them. */
export function buildNetworks({ config, log }: TrainerOptions, { train, charset }: Dataset) {
  const { height, width } = train;
  const size = { height, width, seed: config.seed };
  const generator = createGenerator(config.model.generator, size);
  const discriminator = createDiscriminator(config.model.discriminator, { ...size, characters: charset.size });
  const recognizer = openRecognizer({ config: config.model.recognizer, charset, ...size, log });
  const perceptual = openPerceptualLoss(config);
  const optimizerG = createAdam('optimizer_g', generator, config.optimizer);
  const optimizerD = createSgd('optimizer_d', discriminator, { momentum: config.optimizer.momentum_d });
  const tensors: TrainingTensors = {
    variables: new Map([
      ...generator.variables,
      ...discriminator.variables,
      ...optimizerG.slots(),
      ...optimizerD.slots(),
    ]),
    counters: new Map([
      ['optimizer_g/iterations', optimizerG.iterations],
      ['optimizer_d/iterations', optimizerD.iterations],
    ]),
    rates: new Map([
      ['optimizer_g/learning_rate', config.optimizer.lr_g],
      ['optimizer_d/learning_rate', config.optimizer.lr_d],
    ]),
  };
  return { generator, discriminator, recognizer, perceptual, optimizerG, optimizerD, charset, tensors };
}
