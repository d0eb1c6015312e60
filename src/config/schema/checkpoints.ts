import { z } from 'zod';
import { count, milliseconds, positive } from './values.js';

const remote = z
  .object({
    url: z
      .string()
      .regex(
        /^(?:(?:s3|gs):\/\/[^/@?#\s]+(?:\/[^?#]*)?|file:\/\/\/[^?#]*)$/,
        'the URL of a store: "s3://bucket/prefix", "gs://bucket/prefix" or "file:///folder"; credentials belong into the environment',
      )
      .optional()
      .describe(
        'Store that checkpoints are copied to: s3://bucket/prefix, gs://bucket/prefix, or file:///folder (a NAS). Default: none. docs/remote.md tells where credentials come from.',
      ),
    endpoint: z
      .url()
      .optional()
      .describe(
        'Where an S3-compatible store answers. Default: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, or the cloud itself.',
      ),
    region: z
      .string()
      .min(1)
      .optional()
      .describe('Region of the bucket. Default: AWS_REGION, AWS_DEFAULT_REGION, the profile, or us-east-1.'),
    profile: z
      .string()
      .min(1)
      .optional()
      .describe('Profile of ~/.aws/credentials. Default: the environment, AWS_PROFILE, or default.'),
    every: z
      .string()
      .regex(/^\s*(epoch|best|\d+(\.\d+)?\s*(ms|s|sec|m|min|h))\s*$/i, '"epoch", "best", or a duration such as "30m"')
      .default('epoch')
      .describe(
        'What is copied: the checkpoint of each epoch (epoch), the best one only (best), or the newest one, also inside an epoch, at most this often (a duration). One upload at a time; of what waits, the newest. The last one is copied in any case.',
      ),
    keep: positive
      .optional()
      .describe('Epoch checkpoints kept there; the other rules of retention hold too. Default: max_checkpoints.'),
    restore: z
      .boolean()
      .default(true)
      .describe(
        'Fetch the newest good checkpoint from there when the checkpoint directory holds none that can be loaded.',
      ),
    restore_wait_ms: milliseconds
      .default(300_000)
      .describe(
        'How long a run that has no checkpoint waits for a store that does not answer, before it begins anew; one that had completed epochs waits for restart.max_wait_ms.',
      ),
    final_wait_ms: milliseconds
      .default(600_000)
      .describe('How long a completed run waits for the last upload before it says so.'),
    stop_wait_ms: milliseconds.default(20_000).describe('The same for a run that is stopped or given up.'),
    retry_ms: milliseconds
      .default(10_000)
      .describe('Longest delay before an upload that failed is tried again; it doubles with each failure.'),
    max_retry_ms: milliseconds.default(300_000).describe('Longest such delay of all.'),
  })
  .describe('A second home for checkpoints, for the case that the disk or the whole machine is lost.');

/** When a checkpoint is saved, what is kept, and where it is copied to. */
export const checkpoints = z
  .object({
    max_checkpoints: positive.default(3).describe('Epoch checkpoints kept; the best model is kept besides.'),
    keep_best: count.default(0).describe('Best epoch checkpoints kept besides, by keep_best_metric.'),
    keep_best_metric: z
      .string()
      .min(1)
      .default('score')
      .describe('Metric of keep_best: any number in the line of metrics.jsonl.'),
    keep_best_mode: z
      .enum(['max', 'min'])
      .optional()
      .describe(
        'Whether a higher (max) or a lower (min) value is better; without it min for cer, wer and losses, else max.',
      ),
    keep_every_epochs: positive.optional().describe('Keep the checkpoint of every so many epochs besides.'),
    keep_every_minutes: z
      .number()
      .positive()
      .optional()
      .describe('Keep besides one checkpoint of about every so many minutes of training.'),
    verify: z
      .enum(['full', 'quick'])
      .default('full')
      .describe(
        'How a checkpoint is verified before a relaunch: every tensor (full), or sizes, index and a sample of the tensors (quick).',
      ),
    on_error: z
      .enum(['stop', 'continue'])
      .default('stop')
      .describe(
        'When a checkpoint cannot be written: end the attempt (stop), or train on with the previous one and try again at the next (continue).',
      ),
    save_best_only: z
      .boolean()
      .default(false)
      .describe('Save only when the score improves; a resume then loses epochs.'),
    save_interval: positive.default(1).describe('Epochs between checkpoints.'),
    every: z
      .string()
      .regex(
        /^\s*(epoch|auto|\d+(\.\d+)?\s*(ms|s|min|m|h)|\d+\s*steps?)\s*$/i,
        '"epoch", "auto", a duration such as "30s", or steps such as "200 steps"',
      )
      .default('auto')
      .describe(
        'When checkpoints inside an epoch are saved, besides the one after it: epoch (never), auto (the interval that loses least, from the cost of a save and the rate of failures), a duration, or a number of steps.',
      ),
    async: z
      .boolean()
      .default(true)
      .describe('Write checkpoints in a thread of their own; the training waits only until its state is held.'),
    when_busy: z
      .enum(['skip', 'wait'])
      .default('skip')
      .describe(
        'When a checkpoint inside an epoch is due while the one before is still being written: leave it out until the next step (skip), or let the training wait (wait). After an epoch it always waits.',
      ),
    eval_interval: positive.default(1).describe('Epochs between validations.'),
    remote: remote.prefault({}),
  })
  .describe('What is saved.');

/** What follows a divergence. */
export const rollback = z
  .object({
    policy: z
      .enum(['skip_batches', 'cut_lr', 'none'])
      .default('skip_batches')
      .describe(
        'What changes when the training diverged and goes on from the last checkpoint: leave out the batches where it happened, cut the learning rates, or nothing.',
      ),
    max_rollbacks: count
      .default(3)
      .describe('Divergences in a row, without a newly completed epoch, before the run is given up.'),
    skip_steps: positive.default(1).describe('Batches that are left out, ending with the one where it diverged.'),
    lr_factor: z.number().positive().max(1).default(0.5).describe('Factor on both learning rates at each rollback.'),
    spike_deviations: z
      .number()
      .nonnegative()
      .default(0)
      .describe(
        'A generator loss beyond this many robust deviations above its latest median counts as divergence; 0: only NaN and infinity do.',
      ),
  })
  .describe('What follows NaN, infinity, or a leap of the loss.');
