import type { Scalar, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import { add, div, grad, maximum, mul, ones, sqrt, square, sub, sum } from '@tensorflow/tfjs-core';
import { meanSquaredError } from '../losses/index.js';
import type { Pass } from '../nn/module.js';
import { stepArray } from '../nn/step-input.js';
import { createRandom } from '../random/random.js';
import type { Discriminator } from './networks.js';

/** Images [N, height, width, 1] of both kinds, and the text that is on them. */
export interface Between {
  readonly clean: Tensor4D;
  readonly restored: Tensor4D;
  readonly text: Tensor2D;
}

/** Half the length of the chord on which a slope is measured, in root mean square of a pixel. */
const halfChord = 0.01;

/**
 * Gradient penalty (Gulrajani et al. 2017): mean of (slope − 1)² of the discriminator at a random point between each clean line
 * and its restored one. The slope is measured on a short chord in the direction of the gradient, so that its derivative with
 * respect to the weights takes first derivatives only, which is all that tfjs and kernels of ours have. Returns the penalty as
 * a function to be differentiated; the chords are found beforehand.
 */
export function gradientPenalty(
  discriminator: Discriminator,
  { clean, restored, text }: Between,
  pass: Pass,
): () => Scalar {
  const [lines, height, width] = clean.shape;
  const middle = add<Tensor4D>(restored, mul(sub(clean, restored), randomShares(lines, pass)));
  const verdict = (x: Tensor4D) => discriminator.apply(x, text, pass);
  const slope = grad((x) => verdict(x as Tensor4D))(middle, ones([lines, 1])) as Tensor4D;
  const length = sqrt(sum(square(slope), [1, 2, 3], true));
  const half = halfChord * Math.sqrt(height * width);
  const shift = mul<Tensor4D>(div(slope, maximum(length, 1e-12)), half);
  const [above, below] = [add<Tensor4D>(middle, shift), sub<Tensor4D>(middle, shift)];
  const target = ones([lines, 1]);
  return () => meanSquaredError(mul(sub(verdict(above), verdict(below)), 1 / (2 * half)), target);
}

/** One number in [0, 1) for each line; they depend on seed and step only. */
function randomShares(count: number, pass: Pass): Tensor4D {
  const { first, of } = pass.lines ?? { first: 0, of: count };
  return stepArray('float32', () => {
    const random = createRandom(pass.seed, 'gradient penalty', pass.step);
    const all = Float32Array.from({ length: of }, () => random.uniform());
    return { shape: [count, 1, 1, 1], values: all.slice(first, first + count) };
  }) as Tensor4D;
}
