import { z } from 'zod';
import { count, positive } from './values.js';

/** Steps, batches and the backend that computes them. */
export const training = z
  .object({
    steps_per_epoch: positive.optional().describe('Steps of one epoch. Default: the training set once.'),
    batch_size: positive.default(4).describe('Lines that are trained on at once.'),
    accumulate: positive
      .default(1)
      .describe(
        'Batches whose gradients are averaged before the weights change: a step works on batch_size · accumulate lines in the memory of batch_size.',
      ),
    gpu_id: z
      .string()
      .optional()
      .describe('Devices the trainer may use, such as "0" or "0,1"; it gets them as CUDA_VISIBLE_DEVICES.'),
    backend: z
      .enum(['auto', 'tensorflow', 'webgpu', 'wasm', 'cpu'])
      .default('auto')
      .describe('TensorFlow.js backend; auto takes the fastest that loads.'),
    captured: z
      .boolean()
      .default(true)
      .describe(
        'Record the training step once and replay it, several times faster: on the tensorflow backend as a graph, on webgpu as commands for the card.',
      ),
    wasm_threads: count
      .default(0)
      .describe(
        'Threads of the wasm backend; 0 is one. More pay off for large images while that many cores are free, and cost time while they are not: docs/backends.md has the figures.',
      ),
    precision: z
      .enum(['fp32'])
      .default('fp32')
      .describe('Number format of the training step; 32-bit floating point is the only one.'),
  })
  .describe('Steps and device.');

/** Learning rates and moments. */
export const optimizer = z
  .object({
    lr_g: z.number().positive().default(0.0002).describe('Learning rate of the generator (Adam).'),
    lr_d: z.number().positive().default(0.0002).describe('Learning rate of the discriminator (SGD with momentum).'),
    beta1: z.number().min(0).lt(1).default(0.5).describe("Adam's first decay rate."),
    beta2: z.number().min(0).lt(1).default(0.999).describe("Adam's second decay rate."),
    momentum_d: z.number().min(0).lt(1).default(0.9).describe('Momentum of the discriminator.'),
    gradient_clip_norm: z
      .number()
      .nonnegative()
      .default(1)
      .describe('Global norm that gradients are clipped to; 0 clips nothing.'),
  })
  .describe('Optimizers.');

/** What changes with the epochs. */
export const schedule = z
  .object({
    use_lr_schedule: z.boolean().default(false).describe('Cosine decay of both learning rates.'),
    lr_decay_epochs: positive.default(50).describe('Epochs until the decay reaches its floor.'),
    lr_decay_from_epoch: count.default(0).describe('Epochs before the decay begins.'),
    lr_alpha: z.number().min(0).max(1).default(0).describe('Floor of the decay as a fraction of the learning rate.'),
    lr_warmup_epochs: count.default(0).describe('Epochs in which the learning rates rise linearly from 0.'),
    warmup_epochs: count.default(0).describe('Epochs with the CTC loss off.'),
    annealing_epochs: count
      .default(0)
      .describe('Epochs, after the warm-up, in which the CTC weight rises linearly to its full value.'),
  })
  .describe('What changes with the epoch.');

/** When a training ends before its last epoch. */
export const earlyStopping = z
  .object({
    enabled: z
      .boolean()
      .default(false)
      .describe('Stop before the last epoch when the monitored metric no longer improves.'),
    patience: positive.default(15).describe('Epochs without improvement that are waited for.'),
    min_delta: z.number().nonnegative().default(0.01).describe('Least change that counts as an improvement.'),
    monitor: z
      .enum(['score', 'psnr', 'ssim', 'cer', 'wer'])
      .default('score')
      .describe('Validation metric that is watched.'),
    mode: z
      .enum(['max', 'min'])
      .optional()
      .describe('Whether a higher (max) or a lower (min) value is better; without it min for cer and wer, else max.'),
    restore_best_weights: z
      .boolean()
      .default(true)
      .describe(
        'When training ends, the weights of the best epoch are the final ones: epoch_info.json names their checkpoint as "final".',
      ),
  })
  .describe('Early stopping.');
