import { z } from 'zod';
import { path, weight } from './values.js';

/** What each loss counts for. */
export const lossWeights = z
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

/** Kinds and limits of the losses. */
export const lossConfig = z
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

/** How loss weights move during training. */
export const adaptiveBalancing = z
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
