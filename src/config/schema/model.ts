import { z } from 'zod';
import { path, positive } from './values.js';

/** The networks. */
export const model = z
  .object({
    generator: z
      .object({
        architecture: z
          .enum(['base', 'enhanced', 'enhanced_v2'])
          .default('base')
          .describe('Generator architecture; docs/models.md draws them.'),
        filters: positive.default(64).describe('Channels of the first level; deeper levels double them.'),
        depth: positive
          .max(6)
          .optional()
          .describe(
            'Levels of the U-Net below the first; each halves width and height. Default: 4, and 5 for enhanced_v2.',
          ),
        num_residual_blocks: positive
          .optional()
          .describe(
            'Residual blocks of the enhanced generator: two for each level and one at the bottom, more than that go to the bottom. Default: 2 · depth + 1.',
          ),
      })
      .describe('The network that restores images.')
      .prefault({}),
    discriminator: z
      .object({
        architecture: z
          .enum(['base', 'enhanced_v2'])
          .default('base')
          .describe(
            'Discriminator architecture: strided convolutions and an LSTM, or residual blocks, a bidirectional LSTM and attention.',
          ),
        filters: positive.default(64).describe('Channels of the first convolution of the image branch.'),
        num_layers: positive
          .max(7)
          .optional()
          .describe('Strided convolutions of the image branch. Default: 3, and 4 for enhanced_v2.'),
        embedding_size: positive.default(128).describe('Size of a character embedding of the text branch.'),
        lstm_units: positive.default(256).describe('Units of the LSTM of the text branch.'),
        mode: z
          .enum(['predicted', 'ground_truth'])
          .default('predicted')
          .describe('Text beside a restored image: what the recognizer reads in it, or the true label.'),
      })
      .describe('The network that judges pairs of an image and a text.')
      .prefault({}),
    recognizer: z
      .object({
        architecture: z
          .enum(['crnn', 'transformer'])
          .optional()
          .describe('Recognizer architecture. Default: transformer for weights in a Keras file (.h5), else crnn.'),
        weights: path
          .optional()
          .describe(
            'Weights of the frozen recognizer: a checkpoint of ours, or of a transformer a Keras .h5 or .weights.h5 file or a TensorFlow checkpoint of Keras. Default: the digit recognizer in models/.',
          ),
        use_pretrained: z.boolean().default(true).describe('Whether the recognizer starts from its weights.'),
        blank: z
          .enum(['first', 'last'])
          .optional()
          .describe('Which class of imported weights is the CTC blank. Default: first for Keras, last for ours.'),
        input_range: z
          .enum(['0..1', '-1..1'])
          .default('0..1')
          .describe('Grey values, from black to white, that imported weights were trained on.'),
        filters: positive.default(64).describe('Transformer: channels of the first convolutions.'),
        dimension: positive.default(768).describe('Transformer: channels of a step. Imported weights bring their own.'),
        heads: positive.default(12).describe('Transformer: heads of the attention, into which the dimension divides.'),
        feed_forward: positive.default(2688).describe('Transformer: channels inside of a layer.'),
        layers: positive.default(6).describe('Transformer: layers of the encoder.'),
        dropout: z.number().min(0).lt(1).default(0.2).describe('Transformer: dropout rate in its own training.'),
      })
      .describe('The network that reads restored lines; it is not trained.')
      .prefault({}),
  })
  .describe('Networks.');
