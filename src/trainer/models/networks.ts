import type { Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import type { Module, Pass } from '../nn/module.js';

/** Size of the images that a model is for, in pixels, and the seed of its initial weights. */
export interface ModelSize {
  readonly height: number;
  readonly width: number;
  readonly seed: number;
}

/** Restores degraded lines. */
export interface Generator extends Module {
  /** Images [N, height, width, 1], float32 in [0, 1], to restored images of the same kind. */
  readonly apply: (degraded: Tensor4D, pass: Pass) => Tensor4D;
}

/** What the discriminator has to know of the data beside the image size: the number of characters. */
export interface DiscriminatorSize extends ModelSize {
  readonly characters: number;
}

/** Judges whether an image is a clean original, given the text that is said to be on it. */
export interface Discriminator extends Module {
  /** Images [N, height, width, 1] and int32 text [N, L] (0 pads, class + 1 else) to logits [N, 1]. */
  readonly apply: (images: Tensor4D, text: Tensor2D, pass: Pass) => Tensor2D;
}
