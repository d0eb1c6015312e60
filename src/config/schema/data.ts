import { z } from 'zod';
import { fraction, path, positive } from './values.js';

const augment = z
  .object({
    shift: fraction.default(0).describe('Lines are moved by up to this fraction of their height, in both directions.'),
    scale: z.number().min(0).max(0.9).default(0).describe('They are made larger or smaller by up to this fraction.'),
    rotation: z.number().min(0).max(45).default(0).describe('They are turned by up to this many degrees.'),
    elastic: fraction.default(0).describe('They are bent smoothly, by up to this fraction of their height.'),
    contrast: fraction.default(0).describe('The contrast of the degraded image changes by up to this fraction.'),
    brightness: fraction
      .default(0)
      .describe('Its brightness changes by up to this much, of 1 between black and white.'),
    noise: fraction.default(0).describe('It gets noise of up to this standard deviation.'),
  })
  .describe('Random changes to lines that are trained on, drawn anew for every epoch and step; 0 leaves one out.');

const files = z.union([path, z.array(path).min(1)]);

/** What is trained and validated on. */
export const data = z
  .object({
    tfrecord_path: files
      .optional()
      .describe(
        'Training TFRecord files, plain or compressed by GZIP or ZLIB: a path, a pattern such as "shards/train-*.tfrecord.gz", or a list of both. Without it lines of handwritten digits are made.',
      ),
    val_tfrecord_path: files
      .optional()
      .describe('Validation TFRecord files. Default: a seeded split of the training set.'),
    charset_path: path.optional().describe('Characters of the labels, one a line. Default: the ten digits.'),
    image_width: positive.default(128).describe('Line width in pixels.'),
    image_height: positive.default(32).describe('Line height in pixels.'),
    train_samples: positive.default(2048).describe('Lines made for training (no TFRecord given).'),
    val_samples: positive.default(64).describe('Lines made or held out for validation.'),
    digits_min: positive.default(4).describe('Fewest digits on a made line.'),
    digits_max: positive.default(8).describe('Most digits on a made line.'),
    dir: path.optional().describe('Where made data is kept. Default: data/ in the run directory.'),
    worker_thread: z
      .boolean()
      .default(true)
      .describe('Read, parse, shuffle and augment in a thread of its own; the batches are the same either way.'),
    read_ahead: positive.default(4).describe('Batches that wait in memory for the steps that will take them.'),
    shuffle_buffer: positive
      .optional()
      .describe(
        'Lines held to shuffle compressed files, which can only be read from front to back. Default: 2048, or as many as fit in 256 MiB. Plain files are shuffled as a whole.',
      ),
    augment: augment.prefault({}),
  })
  .describe('Images and labels.');
