import type { Scalar, Tensor3D } from '@tensorflow/tfjs-core';
import { mul, scalar } from '@tensorflow/tfjs-core';
import { computeOnHost } from '../backends/host.js';
import { withGradient } from '../nn/ops/with-gradient.js';
import { ctcOfSequence } from './ctc-lattice.js';

/**
 * Mean CTC loss of a batch: logits [N, T, classes] with the blank as the last class, one label array (class indices) for each
 * line. Equal to the mean of `tf.nn.ctc_loss`. A mean above `clipMax` counts as `clipMax`, whose gradient is 0. A line whose
 * label needs more than T steps adds nothing.
 */
export function ctcLoss(logits: Tensor3D, labels: readonly Int32Array[], clipMax = Number.POSITIVE_INFINITY): Scalar {
  const [batch, steps, classes] = logits.shape;
  if (labels.length !== batch) throw new RangeError(`${labels.length} labels for ${batch} lines`);
  return withGradient<Scalar>([logits], {
    forward: () => {
      const losses: number[] = [];
      const [gradient] = computeOnHost([logits], [logits.shape], ([out], [values]) => {
        for (const [line, label] of labels.entries()) {
          const range = [line * steps * classes, (line + 1) * steps * classes] as const;
          losses.push(
            ctcOfSequence(
              (values as Float32Array).subarray(...range),
              classes,
              label,
              (out as Float32Array).subarray(...range),
            ),
          );
        }
      }) as [Tensor3D];
      const mean = losses.reduce((sum, loss) => sum + loss, 0) / batch;
      const factor = mean > clipMax ? 0 : 1 / batch;
      return { value: scalar(Math.min(mean, clipMax)), saved: [mul(gradient, factor)] };
    },
    backward: (dy, [gradient]) => [mul(gradient as Tensor3D, dy)],
  });
}
