import type { Tensor3D, Tensor4D } from '@tensorflow/tfjs-core';
import type { Module, Pass } from '../nn/module.js';

/** Reads lines: a feature map from the image, and class scores for each time step from the features. */
export interface FrozenRecognizer {
  /** Classes including the CTC blank, which is the last. */
  readonly classes: number;
  /** Images [N, height, width, 1], float32 in [0, 1], to features [N, height / 8, steps, channels]. */
  readonly features: (images: Tensor4D) => Tensor4D;
  /** Features to logits [N, steps, classes]. */
  readonly logits: (features: Tensor4D) => Tensor3D;
  readonly dispose: () => void;
}

/** A recognizer in training. */
export interface Recognizer extends Module {
  readonly classes: number;
  readonly features: (images: Tensor4D, pass: Pass) => Tensor4D;
  /** Features to logits; without a pass those of inference. */
  readonly logits: (features: Tensor4D, pass?: Pass) => Tensor3D;
  /**
   * The recognizer with running statistics folded into its kernels. Later training does not reach it; disposing of it frees
   * this module's variables too.
   */
  readonly freeze: () => FrozenRecognizer;
}
