import { availableParallelism } from 'node:os';
import type { Experiment } from '../../config/schema.js';

/** Multiplications of a convolution that are worth a thread: handing over fewer takes longer than they do. */
const leastOfThread = 32e6;

/** Channels of the first convolutions of VGG-19, and what its loss has of them at least. */
const vggChannels = 64;

/**
 * Among how many threads native TensorFlow is to share one operation. On small images by few channels that is one: operations
 * run beside each other then, instead of waiting for parts of each other (docs/backends.md has the figures). It follows from the
 * experiment and the number of processors, so that a resume computes as the run before it did: shares add up in another order.
 */
export function operationThreads(
  { model, training, data, loss_config, loss_weights }: Experiment,
  processors = availableParallelism(),
): number {
  const { architecture, weights = '' } = model.recognizer;
  if (architecture === 'transformer' || weights.endsWith('.h5')) return processors;
  const hasVgg = loss_config.use_perceptual_loss && loss_weights.perceptual_loss_weight > 0;
  const channels = Math.max(model.generator.filters, model.discriminator.filters, hasVgg ? vggChannels : 0);
  // A level further down has a quarter of the pixels and four times as many pairs of channels.
  const multiplications = training.batch_size * data.image_height * data.image_width * 9 * channels ** 2;
  return Math.max(1, Math.min(processors, Math.floor(multiplications / leastOfThread)));
}
