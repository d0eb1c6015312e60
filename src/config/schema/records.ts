import { z } from 'zod';
import { positive } from './values.js';

/** Sample images. */
export const samples = z
  .object({
    save_samples: z.boolean().default(true).describe('Write degraded | restored | clean images.'),
    save_interval: positive.default(1).describe('Epochs between sample images.'),
    num_samples: positive.default(4).describe('Lines in each sample image.'),
  })
  .describe('Sample images.');

/** What is recorded of quality and steps. */
export const metrics = z
  .object({
    cer_weight: z
      .number()
      .nonnegative()
      .default(0.5)
      .describe('Weight of CER in the score PSNR − cer_weight · CER · 100.'),
    steps: z
      .boolean()
      .default(false)
      .describe('Keep a line for every step in steps.jsonl of the run directory: epoch, step, times, pid and losses.'),
  })
  .describe('The score that decides which model is best, and what is kept of the numbers.');
