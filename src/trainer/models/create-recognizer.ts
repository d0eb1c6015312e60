import type { Experiment } from '../../config/schema.js';
import { SuperviseError } from '../../protocol/index.js';
import { type CrnnOptions, createCrnn } from './crnn.js';
import type { Recognizer } from './recognizer.js';
import { createTransformer } from './transformer.js';

/** What a recognizer has to know of the lines that it reads. */
export interface RecognizerSize extends CrnnOptions {
  readonly width: number;
}

/** Makes the recognizer that the configuration names, with the weights that it begins with. @throws CONFIG_INVALID */
export function createRecognizer(config: Experiment['model']['recognizer'], size: RecognizerSize): Recognizer {
  if (config.architecture !== 'transformer') return createCrnn(size);
  const { dimension, heads, feed_forward: feedForward, layers, filters, dropout, input_range: input } = config;
  if (dimension % heads !== 0)
    throw new SuperviseError('CONFIG_INVALID', {
      what: `${heads} heads cannot share ${dimension} channels equally`,
      where: 'model.recognizer.heads',
      expected: 'a divisor of model.recognizer.dimension',
    });
  const sizes = { dimension, heads, headSize: dimension / heads, feedForward, layers, filters };
  return createTransformer({ ...size, ...sizes, dropout, input });
}
