import { z } from 'zod';
import { failureClassNames } from '../protocol/index.js';
import { describePatternFault } from './failure-pattern.js';

// One file is parsed once: to compile a parser for it costs more than it saves.
z.config({ jitless: true });

const count = z.number().int().nonnegative();
const positive = z.number().int().positive();
const milliseconds = z.number().int().nonnegative();
const weight = z.number().nonnegative();
const path = z.string().min(1);

const trainer = z
  .object({
    command: z
      .array(z.string().min(1))
      .min(1)
      .optional()
      .describe('Program and arguments of the trainer, run as written. Without it the reference trainer runs.'),
    resume_args: z
      .array(z.string())
      .default(['--resume'])
      .describe('Arguments appended to the command when there is a checkpoint to resume from.'),
    epoch_base: z
      .union([z.literal(0), z.literal(1)])
      .default(1)
      .describe('0 when the trainer counts its first epoch as 0 in epoch_info.json; the supervisor converts.'),
    checkpoint_pattern: z
      .string()
      .regex(/^(?!.*\{epoch\}.*\{epoch\}).*\{epoch\}/, 'a path with {epoch} in it, once')
      .optional()
      .describe(
        'Where a trainer of your own keeps the checkpoint of an epoch, such as "ckpt-{epoch}.pt": {epoch} as it counts in epoch_info.json, * for anything. Needed to step back over a damaged one where file names do not tell the epoch.',
      ),
    oom_args: z
      .array(z.string())
      .optional()
      .describe(
        'Arguments appended after an out-of-memory failure, until an epoch is completed: {batch_size} and {accumulate} stand for half the micro-batch and twice the steps of accumulation, halved again at each further failure. The reference trainer has them already.',
      ),
    env: z.record(z.string(), z.string()).default({}).describe('Environment variables added for the trainer.'),
    cwd: path.optional().describe('Working directory of the trainer. Default: the directory of the experiment file.'),
  })
  .describe('The program that trains.');

const restart = z
  .object({
    initial_delay_ms: milliseconds
      .default(1000)
      .describe('Longest delay before the first restart; the delay itself is drawn at random below it.'),
    max_delay_ms: milliseconds
      .default(300_000)
      .describe(
        'Longest delay before any restart; it doubles with each restart without progress until it is this long.',
      ),
    max_restarts: count.default(1000).describe('Restarts allowed over the whole run.'),
    max_restarts_without_progress: count
      .default(10)
      .describe(
        'Restarts allowed in a row without new work on disk; a completed epoch refunds them, and so does a checkpoint inside one that holds more than any before.',
      ),
    max_restarts_per_window: positive
      .optional()
      .describe('Restarts allowed within any stretch of window_ms, with progress or without. Default: no such limit.'),
    window_ms: milliseconds.default(3_600_000).describe('Length of the window of max_restarts_per_window.'),
    max_wait_ms: milliseconds
      .default(86_400_000)
      .describe('Longest wait for what a launch needs: room on the disk, a GPU, leftovers that do not end.'),
    expected_mtbf_ms: milliseconds
      .default(10_800_000)
      .describe(
        'Mean time between failures that is assumed until the run has shown its own; the automatic checkpoint interval goes by it.',
      ),
    warm_spare: z
      .boolean()
      .default(false)
      .describe(
        'Keep the next trainer loaded and waiting, so that a relaunch only restores and steps. For the reference trainer, and for others that understand SUPERVISE_STANDBY.',
      ),
    stop_grace_ms: milliseconds
      .default(120_000)
      .describe('Time between SIGTERM and SIGKILL for a trainer that saves before it exits.'),
  })
  .describe('How crashes are answered.');

const hang = z
  .object({
    enabled: z
      .boolean()
      .default(true)
      .describe('Whether a trainer that gives no sign of work is ended and relaunched.'),
    min_ms: milliseconds.default(60_000).describe('Silence shorter than this is never a hang.'),
    max_ms: milliseconds
      .default(1_800_000)
      .describe(
        'Silence that counts as a hang in a phase of which nothing is known yet; also the ceiling of what is learned, unless longer silences were really seen.',
      ),
    startup_max_ms: milliseconds
      .default(1_800_000)
      .describe('The same for the time from the launch to the first step, which may compile for long.'),
    factor: z.number().min(1.5).default(5).describe('A hang is this many times the longest silence of its phase.'),
  })
  .describe('How a hang is told from a slow phase. Thresholds are learned from the run itself.');

const notify = z
  .object({
    ping_url: z
      .url()
      .optional()
      .describe(
        'Fetched at every interval while the run is in order, so that silence raises the alarm (healthchecks.io and the like); with /fail appended when it is given up.',
      ),
    ping_interval_ms: milliseconds.default(60_000).describe('Time between two pings.'),
    webhook_url: z
      .url()
      .optional()
      .describe(
        'Gets a POST with a JSON object {event, experiment_name, text, status} when the run completes, is given up, or hangs.',
      ),
    command: z
      .array(z.string().min(1))
      .min(1)
      .optional()
      .describe('Program run at the same events; the same JSON object on its standard input.'),
  })
  .describe('Who is told how the run goes.');

const failureRule = z
  .strictObject({
    pattern: z
      .string()
      .min(1)
      .optional()
      .describe('Regular expression that a line of the log has to match. Without it codes or signals decide.'),
    class: z.enum(failureClassNames).describe('Class of the failure; docs/supervisor.md explains them.'),
    codes: z.array(z.number().int().min(0).max(255)).min(1).optional().describe('Only for these exit codes.'),
    signals: z
      .array(z.string().regex(/^SIG[A-Z0-9]+$/, 'names of signals such as SIGKILL'))
      .min(1)
      .optional()
      .describe('Only for these signals.'),
    flags: z
      .string()
      .regex(/^(?!.*(.).*\1)[imsu]*$/, 'flags of a regular expression out of i, m, s and u')
      .default('')
      .describe('Flags of the regular expression: "i" ignores upper and lower case.'),
  })
  .superRefine(({ pattern, flags, codes, signals }, context) => {
    if (pattern === undefined && codes === undefined && signals === undefined)
      context.addIssue({ code: 'custom', message: 'a pattern, codes or signals to tell it by' });
    const message = pattern === undefined ? undefined : describePatternFault(pattern, flags);
    if (message !== undefined) context.addIssue({ code: 'custom', path: ['pattern'], message });
  });

const model = z
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

const fraction = z.number().min(0).max(1);

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

const data = z
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

const training = z
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
        'Record the training step once as a TensorFlow graph and replay it: several times faster. On the tensorflow backend only.',
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

const optimizer = z
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

const schedule = z
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

const lossWeights = z
  .object({
    pixel_loss_weight: weight.default(200).describe('Weight of the pixel loss (mean absolute error).'),
    adv_loss_weight: weight.default(1.5).describe('Weight of the adversarial loss.'),
    rec_feat_loss_weight: weight
      .default(5)
      .describe('Weight of the distance between recognizer features of restored and clean lines.'),
    ctc_loss_weight: weight
      .default(1)
      .describe('Weight of the CTC loss of what the recognizer reads in restored lines.'),
    perceptual_loss_weight: weight.default(0).describe('Weight of the VGG-19 perceptual loss.'),
    contrastive_loss_weight: weight
      .default(0)
      .describe(
        'Weight of the contrastive loss: the features of a restored line are to be nearer to those of its clean line than to those of the other clean lines of the batch.',
      ),
  })
  .describe('Weights of the terms of the generator loss.');

const lossConfig = z
  .object({
    ctc_loss_clip_max: z.number().positive().default(300).describe('Ceiling of the CTC loss of a batch.'),
    real_label: z
      .number()
      .min(0)
      .max(1)
      .default(0.9)
      .describe('Target of the discriminator for real pairs (label smoothing).'),
    pixel_loss_type: z
      .enum(['mae', 'mse'])
      .default('mae')
      .describe('Kind of the pixel loss: mean absolute, or mean squared error.'),
    discriminator_loss_type: z
      .enum(['bce', 'lsgan'])
      .default('bce')
      .describe('Kind of the adversarial loss: binary cross-entropy, or least squares.'),
    use_perceptual_loss: z
      .boolean()
      .default(true)
      .describe('false leaves the VGG-19 perceptual loss out, whatever its weight.'),
    perceptual_weights: path
      .optional()
      .describe(
        'File with the weights of VGG-19, without which its loss cannot be had: Keras (.h5 "no top"), torchvision (.safetensors), or a TensorFlow checkpoint.',
      ),
    perceptual_layers: z
      .array(z.string())
      .default([])
      .describe('VGG-19 layers that the perceptual loss compares, such as block3_conv4, which it is without any.'),
    contrastive_temperature: z
      .number()
      .positive()
      .default(0.1)
      .describe('Temperature of the contrastive loss: the lower, the more the nearest of the other lines count.'),
    gradient_penalty_weight: weight
      .default(0)
      .describe(
        "Weight of the discriminator's gradient penalty, which holds its slope between real and restored lines at 1.",
      ),
  })
  .describe('Details of the losses.');

const adaptiveBalancing = z
  .object({
    enabled: z
      .boolean()
      .default(false)
      .describe('Move the loss weights during training, towards the target ratios below.'),
    target_ctc_ratio: z
      .number()
      .min(0)
      .max(1)
      .default(0.65)
      .describe('Share of the CTC loss in the generator loss that is aimed at.'),
    target_visual_ratio: z
      .number()
      .min(0)
      .max(1)
      .default(0.35)
      .describe('Share of all other losses together; the two ratios count by their proportion.'),
    adaptation_rate: z
      .number()
      .min(0)
      .max(1)
      .default(0.15)
      .describe('How fast the loss weights move towards the target ratios with each step: 0 never, 1 at once.'),
  })
  .describe('Adaptive loss weights.');

const earlyStopping = z
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

const checkpoints = z
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
      .describe('Write checkpoints in a thread of their own; the training waits only for the copy of its state.'),
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

const samples = z
  .object({
    save_samples: z.boolean().default(true).describe('Write degraded | restored | clean images.'),
    save_interval: positive.default(1).describe('Epochs between sample images.'),
    num_samples: positive.default(4).describe('Lines in each sample image.'),
  })
  .describe('Sample images.');

const rollback = z
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

const metrics = z
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

/** The resolved experiment: what every dialect is brought to. Types, JSON Schema and docs/config.md derive from it. */
export const experimentSchema = z.object({
  experiment_name: z
    .string()
    .regex(/^[\w][\w.-]*$/, 'letters, digits, dot, dash and underscore, starting with a letter or digit')
    .describe('Name of the run; its directory is runs/<experiment_name>.'),
  description: z.string().optional().describe('Free text about the run; it changes nothing.'),
  epochs: positive.describe('Epochs to complete.'),
  seed: z.number().int().default(42).describe('Seed of initial weights, data order and made data.'),
  run_dir: path.optional().describe('Run directory. Default: runs/<experiment_name>.'),
  checkpoint_dir: path
    .regex(/^(?!\w+:\/\/)/, 'a directory of this machine; checkpoints.remote.url takes the URL of a store')
    .optional()
    .describe('Checkpoint directory. Default: checkpoints/ in the run directory.'),
  sample_dir: path.optional().describe('Directory of sample images. Default: samples/ in the run directory.'),
  resume: z
    .boolean()
    .default(true)
    .describe('Continue from the last completed epoch when there is one; false starts afresh, like no_restore.'),
  no_restore: z
    .boolean()
    .default(false)
    .describe(
      'Start the run afresh; existing checkpoints are set aside, not destroyed. After a crash it is continued all the same.',
    ),
  trainer: trainer.prefault({}),
  restart: restart.prefault({}),
  hang: hang.prefault({}),
  notify: notify.prefault({}),
  failure_rules: z
    .array(failureRule)
    .default([])
    .describe(
      'Rules of your own that name a failure by its log, exit code or signal; they come before the built-in ones.',
    ),
  model: model.prefault({}),
  data: data.prefault({}),
  training: training.prefault({}),
  optimizer: optimizer.prefault({}),
  schedule: schedule.prefault({}),
  loss_weights: lossWeights.prefault({}),
  loss_config: lossConfig.prefault({}),
  adaptive_balancing: adaptiveBalancing.prefault({}),
  early_stopping: earlyStopping.prefault({}),
  checkpoints: checkpoints.prefault({}),
  rollback: rollback.prefault({}),
  samples: samples.prefault({}),
  metrics: metrics.prefault({}),
});

/** A resolved experiment: every default filled in, paths still as written. */
export type Experiment = z.output<typeof experimentSchema>;
