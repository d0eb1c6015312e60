import type { Scalar, Tensor, Tensor1D, Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';
import {
  add,
  concat,
  exp,
  fill,
  lessEqual,
  logSoftmax,
  logSumExp,
  matMul,
  mean,
  minimum,
  mul,
  neg,
  reshape,
  slice,
  stack,
  sub,
  tensor,
  unstack,
} from '@tensorflow/tfjs-core';
import { withGradient } from '../nn/ops/with-gradient.js';
import { leastSteps } from './ctc-lattice.js';

/** Log of a probability of 0: finite, so that sums and differences of it stay numbers. */
const impossible = -1e30;

/**
 * `ctcLoss` by tensor operations alone, for a device whose tensors cannot be read at once. The lattices of `ctc-lattice.ts`,
 * for all lines side by side, in float32.
 */
export function deviceCtcLoss(logits: Tensor3D, labels: readonly Int32Array[], clipMax: number): Scalar {
  const [lines, steps, classes] = logits.shape;
  return withGradient<Scalar>([logits], {
    forward: () => {
      const tables = describeLabels(labels, steps, classes);
      const logProbabilities = logSoftmax(logits) as Tensor3D;
      const emitted = unstack(matMul(logProbabilities, tables.classOfState), 1) as Tensor2D[];
      const forward = runForward(emitted, tables);
      const backward = runBackward(emitted, tables);
      const logLikelihood = logSumExp(add(forward.at(-1) as Tensor2D, tables.lastStates), 1) as Tensor1D;
      const losses = mul(neg(logLikelihood), tables.fits);
      const average = mean<Scalar>(losses);
      const paths = add(stack(forward, 1), stack(backward, 1));
      const shares = matMul(exp(sub(paths, reshape(logLikelihood, [lines, 1, 1]))), tables.classOfState, false, true);
      const factor = mul(reshape(tables.fits, [lines, 1, 1]), mul(lessEqual(average, clipMax), 1 / lines));
      return { value: minimum(average, clipMax), saved: [mul(sub(exp(logProbabilities), shares), factor)] };
    },
    backward: (dy, [gradient]) => [mul(gradient as Tensor3D, dy)],
  });
}

/** The labels as tensors; S is the number of states of the longest: a blank before, between and after the characters. */
interface LabelTables {
  /** [N, classes, S]: 1 where a state emits a class. */
  readonly classOfState: Tensor3D;
  /** [N, S]: 0 where a path may begin, may end, or may come from two states before; impossible elsewhere. */
  readonly firstStates: Tensor2D;
  readonly lastStates: Tensor2D;
  readonly skips: Tensor2D;
  /** [N]: 1 for a label that fits into the steps. */
  readonly fits: Tensor1D;
}

function describeLabels(labels: readonly Int32Array[], steps: number, classes: number): LabelTables {
  const fitting = labels.map((label) => (leastSteps(label) > steps ? label.subarray(0, 0) : label));
  const states = 2 * Math.max(...fitting.map(({ length }) => length)) + 1;
  const shape: [number, number] = [labels.length, states];
  const classOfState = new Float32Array(labels.length * classes * states);
  const [first, last, skips] = [0, 1, 2].map(() => new Float32Array(labels.length * states).fill(impossible)) as [
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  for (const [line, label] of fitting.entries()) {
    const count = 2 * label.length + 1;
    for (let state = 0; state < count; state++) {
      const emits = state % 2 === 1 ? (label[(state - 1) / 2] as number) : classes - 1;
      classOfState[(line * classes + emits) * states + state] = 1;
      if (state < 2) first[line * states + state] = 0;
      if (state >= count - 2) last[line * states + state] = 0;
      if (state % 2 === 1 && state > 1 && emits !== label[(state - 3) / 2]) skips[line * states + state] = 0;
    }
  }
  return {
    classOfState: tensor(classOfState, [labels.length, classes, states]),
    firstStates: tensor(first, shape),
    lastStates: tensor(last, shape),
    skips: tensor(skips, shape),
    fits: tensor(labels.map((label) => (leastSteps(label) > steps ? 0 : 1))),
  };
}

/** For each step, log probabilities of the beginnings that are in a state, that step's output included. */
function runForward(emitted: readonly Tensor2D[], { firstStates, skips }: LabelTables): Tensor2D[] {
  const lattice: Tensor2D[] = [];
  for (const output of emitted) {
    const before = lattice.at(-1);
    const reached =
      before === undefined
        ? firstStates
        : logSumExp(stack([before, shift(before, 1), add(shift(before, 2), skips)], 0), 0);
    lattice.push(add(reached, output) as Tensor2D);
  }
  return lattice;
}

/** For each step, log probabilities of the ends from a state, that step's output not included. */
function runBackward(emitted: readonly Tensor2D[], { lastStates, skips }: LabelTables): Tensor2D[] {
  const lattice: Tensor2D[] = [lastStates];
  for (const output of emitted.slice(1).toReversed()) {
    const after = add(lattice.at(-1) as Tensor2D, output) as Tensor2D;
    const ways = [after, shift(after, -1), shift(add(after, skips) as Tensor2D, -2)];
    lattice.push(logSumExp(stack(ways, 0), 0) as Tensor2D);
  }
  return lattice.toReversed();
}

/** Moves states to the right (or left, when negative), with impossible ones behind. */
function shift(x: Tensor2D, by: number): Tensor2D {
  const [lines, states] = x.shape;
  const kept = Math.max(0, states - Math.abs(by));
  const gap: Tensor = fill([lines, states - kept], impossible);
  if (kept === 0) return gap as Tensor2D;
  const rest = slice(x, [0, by > 0 ? 0 : -by], [lines, kept]);
  return concat(by > 0 ? [gap, rest] : [rest, gap], 1) as Tensor2D;
}
