import type { Scalar, Tensor3D } from '@tensorflow/tfjs-core';
import { lessEqual, minimum, mul, sum } from '@tensorflow/tfjs-core';
import { fitsCtc, longestOf, runCtcShader } from '../backends/webgpu-kernels/ctc.js';
import { withGradient } from '../nn/ops/with-gradient.js';
import { deviceCtcLoss } from './ctc-device.js';
import { leastSteps } from './ctc-lattice.js';

/** `ctcLoss` by a program of ours for all lines, where a card can hold their lattices in the memory that its threads share. */
export function webgpuCtcLoss(
  logits: Tensor3D,
  read: () => readonly Int32Array[],
  clipMax: number,
  longest: number,
): Scalar {
  const steps = logits.shape[1];
  const fitting = () => read().map((label) => (leastSteps(label) > steps ? undefined : label));
  const room = Math.max(longest, longestOf(fitting()));
  if (!fitsCtc(room)) return deviceCtcLoss(logits, read(), clipMax);
  return withGradient<Scalar>([logits], {
    forward: () => {
      const { losses, gradient } = runCtcShader(logits, fitting, room);
      const average = sum<Scalar>(losses);
      if (clipMax === Number.POSITIVE_INFINITY) return { value: average, saved: [gradient] };
      return { value: minimum(average, clipMax), saved: [mul(gradient, lessEqual(average, clipMax))] };
    },
    backward: (dy, [gradient]) => [mul(gradient as Tensor3D, dy)],
  });
}
