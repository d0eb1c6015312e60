import type { Scalar, Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';
import { lessEqual, minimum, mul, sum } from '@tensorflow/tfjs-core';
import { fitsCtc, runCtcShader } from '../backends/webgpu-kernels/ctc.js';
import { withGradient } from '../nn/ops/with-gradient.js';
import { type StepArray, stepArray } from '../nn/step-input.js';
import { deviceCtcLoss } from './ctc-device.js';
import { leastSteps } from './ctc-lattice.js';

/** Of each line, or `undefined` when it has none. */
type Labels = readonly (Int32Array | undefined)[];

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
      // Read anew when a step is replayed.
      const table = stepArray('int32', () => tableOf(fitting(), room)) as Tensor2D;
      const { losses, gradient } = runCtcShader(logits, table);
      table.dispose();
      const average = sum<Scalar>(losses);
      if (clipMax === Number.POSITIVE_INFINITY) return { value: average, saved: [gradient] };
      return { value: minimum(average, clipMax), saved: [mul(gradient, lessEqual(average, clipMax))] };
    },
    backward: (dy, [gradient]) => [mul(gradient as Tensor3D, dy)],
  });
}

/** The length of the longest label. */
function longestOf(labels: Labels): number {
  return labels.reduce((most, label) => Math.max(most, label?.length ?? 0), 0);
}

/** A row for each line: the length of its label, or −1, and its characters. */
function tableOf(labels: Labels, longest: number): StepArray {
  if (longestOf(labels) > longest) throw new RangeError(`a label has more than ${longest} characters`);
  const table = new Int32Array(labels.length * (longest + 1));
  for (const [line, label] of labels.entries()) {
    const at = line * (longest + 1);
    table[at] = label?.length ?? -1;
    table.set(label ?? [], at + 1);
  }
  return { shape: [labels.length, longest + 1], values: table };
}
