import type { Scalar, Tensor1D, Tensor3D } from '@tensorflow/tfjs-core';
import { cast, fill, lessEqual, mean, minimum, mul, reshape, transpose } from '@tensorflow/tfjs-core';
import { runOp } from '../backends/tensorflow-ops.js';
import { withGradient } from '../nn/ops/with-gradient.js';
import { type StepArray, stepArray } from '../nn/step-input.js';
import { leastSteps } from './ctc-lattice.js';

/** `ctcLoss` by TensorFlow's own operation: without a transfer, and part of a step that is recorded. */
export function nativeCtcLoss(logits: Tensor3D, read: () => readonly Int32Array[], clipMax: number): Scalar {
  const [lines, steps] = logits.shape;
  return withGradient<Scalar>([logits], {
    forward: () => {
      const fits = stepArray('float32', () => whichFit(read(), steps)) as Tensor1D;
      const [losses, slopes] = ctcOperation(logits, () => read().map((label) => fitting(label, steps)));
      const average = mean<Scalar>(mul(losses, fits));
      const factor = mul(cast(lessEqual(average, clipMax), 'float32'), 1 / lines);
      const perLine = reshape(mul(fits, factor), [lines, 1, 1]);
      return { value: minimum(average, clipMax), saved: [mul(transpose(slopes, [1, 0, 2]), perLine)] };
    },
    backward: (dy, [gradient]) => [mul(gradient as Tensor3D, dy)],
  });
}

/** Losses [N] and their gradients with respect to the logits, [T, N, classes]. */
function ctcOperation(logits: Tensor3D, read: () => readonly Int32Array[]): [Tensor1D, Tensor3D] {
  const [lines, steps] = logits.shape;
  const indices = stepArray('int32', () => labelPlaces(read()), { varies: true });
  const values = stepArray('int32', () => labelValues(read()), { varies: true });
  const inputs = [transpose(logits, [1, 0, 2]), indices, values, fill([lines], steps, 'int32')];
  const bools = {
    preprocess_collapse_repeated: false,
    ctc_merge_repeated: true,
    ignore_longer_outputs_than_inputs: false,
  };
  return runOp('CTCLoss', inputs, { types: { T: 'float32' }, bools, outputs: 2, int64: [1] }) as [Tensor1D, Tensor3D];
}

/** What does not fit is read as its first character, and counts nothing. */
function fitting(label: Int32Array, steps: number): Int32Array {
  return leastSteps(label) > steps ? label.subarray(0, 1) : label;
}

function whichFit(labels: readonly Int32Array[], steps: number): StepArray {
  return { shape: [labels.length], values: Float32Array.from(labels, (label) => (leastSteps(label) > steps ? 0 : 1)) };
}

/** (line, position) of each character: the indices of a sparse tensor [N, longest]. */
function labelPlaces(labels: readonly Int32Array[]): StepArray {
  const values = Int32Array.from(labels.flatMap((label, line) => [...label.keys()].flatMap((at) => [line, at])));
  return { shape: [values.length / 2, 2], values };
}

function labelValues(labels: readonly Int32Array[]): StepArray {
  const values = Int32Array.from(labels.flatMap((label) => [...label]));
  return { shape: [values.length], values };
}
