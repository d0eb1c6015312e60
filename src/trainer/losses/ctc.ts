import type { Scalar, Tensor3D } from '@tensorflow/tfjs-core';
import { mul, scalar } from '@tensorflow/tfjs-core';
import { computeOnHost, isOnHost } from '../backends/host.js';
import { isOnTensorflow } from '../backends/tensorflow-ops.js';
import { isOnWebgpu } from '../backends/webgpu-kernels/run-shader.js';
import { withGradient } from '../nn/ops/with-gradient.js';
import { deviceCtcLoss } from './ctc-device.js';
import { ctcOfSequence } from './ctc-lattice.js';
import { nativeCtcLoss } from './ctc-native.js';
import { webgpuCtcLoss } from './ctc-webgpu.js';

/** Class indices of each line; as a function for a step that is recorded and replayed. */
export type CtcLabels = readonly Int32Array[] | (() => readonly Int32Array[]);

/**
 * Mean CTC loss of a batch: logits [N, T, classes] with the blank as the last class, one label array (class indices) for each
 * line. Equal to the mean of `tf.nn.ctc_loss`. A mean above `clipMax` counts as `clipMax`, whose gradient is 0. A line whose
 * label needs more than T steps adds nothing. Where a step is recorded, `longest` is the most characters of a label that its
 * replays may have.
 */
export function ctcLoss(logits: Tensor3D, labels: CtcLabels, clipMax = Number.POSITIVE_INFINITY, longest = 0): Scalar {
  const read = typeof labels === 'function' ? labels : () => labels;
  const [lines] = logits.shape;
  if (read().length !== lines) throw new RangeError(`${read().length} labels for ${lines} lines`);
  if (isOnTensorflow()) return nativeCtcLoss(logits, read, clipMax);
  if (isOnWebgpu()) return webgpuCtcLoss(logits, read, clipMax, longest);
  return isOnHost() ? hostCtcLoss(logits, read(), clipMax) : deviceCtcLoss(logits, read(), clipMax);
}

function hostCtcLoss(logits: Tensor3D, labels: readonly Int32Array[], clipMax: number): Scalar {
  const [batch, steps, classes] = logits.shape;
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
