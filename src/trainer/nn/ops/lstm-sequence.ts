import type { Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';
import {
  add,
  matMul,
  mul,
  reshape,
  sigmoid,
  slice,
  split,
  stack,
  tanh,
  transpose,
  unstack,
  zeros,
} from '@tensorflow/tfjs-core';
import { computeOnHost, isOnHost } from '../../backends/host.js';
import type { LstmShape } from './lstm-loop.js';
import { runLstm, runLstmGradient } from './lstm-loop.js';
import { withGradient } from './with-gradient.js';

/**
 * The recurrence of an LSTM: `projected` [N, T, 4·units] is x · kernel + bias with the gates in Keras' order i, f, g, o,
 * `recurrent` is [units, 4·units]; returns the hidden states [N, T, units], each at the place of its input.
 */
export function lstmSequence(projected: Tensor3D, recurrent: Tensor2D, backwards: boolean): Tensor3D {
  // Small matrices, many steps: on wasm a loop in JS beats hundreds of kernel calls; a GPU would wait for the transfers.
  return isOnHost() ? inOneLoop(projected, recurrent, backwards) : stepByStep(projected, recurrent, backwards);
}

function inOneLoop(projected: Tensor3D, recurrent: Tensor2D, backwards: boolean): Tensor3D {
  const [batch, steps] = projected.shape;
  const units = recurrent.shape[0];
  const shape: LstmShape = { batch, steps, units, backwards };
  return withGradient([projected, recurrent], {
    forward: () => {
      const shapes = [
        [batch, steps, 4 * units],
        [batch, steps, units],
        [batch, steps, units],
      ];
      const [gates, cells, hidden] = computeOnHost([projected, recurrent], shapes, (outputs, inputs) => {
        const [gates, cells, hidden] = outputs as [Float32Array, Float32Array, Float32Array];
        const [sums, weights] = inputs as [Float32Array, Float32Array];
        runLstm(shape, sums, weights, { gates, cells, hidden });
      }) as [Tensor3D, Tensor3D, Tensor3D];
      return { value: hidden, saved: [gates, cells, hidden, recurrent] };
    },
    backward: (dy, saved) => sequenceGradient(shape, dy, saved as [Tensor3D, Tensor3D, Tensor3D, Tensor2D]),
  });
}

function sequenceGradient(shape: LstmShape, dy: Tensor3D, saved: [Tensor3D, Tensor3D, Tensor3D, Tensor2D]) {
  const [gates, cells, hidden, recurrent] = saved;
  const inputs = [gates, cells, hidden, transpose(recurrent), dy];
  const [dProjected] = computeOnHost(inputs, [gates.shape], ([out], arrays) => {
    const [gates, cells, hidden, transposed, dHidden] = arrays as [
      Float32Array,
      Float32Array,
      Float32Array,
      Float32Array,
      Float32Array,
    ];
    runLstmGradient(shape, { gates, cells, hidden }, transposed, dHidden, out as Float32Array);
  }) as [Tensor3D];
  return [dProjected, recurrentGradient(shape, hidden, dProjected)];
}

/** Sum over all steps but the first of (hidden state before)ᵀ · (gradient of the gates' sums), as one matrix product. */
function recurrentGradient(
  { batch, steps, units, backwards }: LstmShape,
  hidden: Tensor3D,
  dProjected: Tensor3D,
): Tensor2D {
  // wasm's matrix product leaves its output undefined when it has nothing to sum.
  if (steps === 1) return zeros([units, 4 * units]);
  const rows = batch * (steps - 1);
  const before = slice(hidden, [0, backwards ? 1 : 0, 0], [batch, steps - 1, units]);
  const after = slice(dProjected, [0, backwards ? 0 : 1, 0], [batch, steps - 1, 4 * units]);
  return matMul(reshape(before, [rows, units]), reshape(after, [rows, 4 * units]), true, false);
}

function stepByStep(projected: Tensor3D, recurrent: Tensor2D, backwards: boolean): Tensor3D {
  const forwards = unstack(projected, 1) as Tensor2D[];
  // A copy: tfjs remembers the array itself for the gradient.
  const inputs = backwards ? forwards.toReversed() : forwards;
  const outputs: Tensor2D[] = [];
  let cell: Tensor2D | undefined;
  for (const input of inputs) {
    const hidden = outputs.at(-1);
    const sums = hidden === undefined ? input : add(input, matMul(hidden, recurrent));
    const [i, f, g, o] = split(sums, 4, 1) as [Tensor2D, Tensor2D, Tensor2D, Tensor2D];
    const fresh = mul(sigmoid(i), tanh(g)) as Tensor2D;
    cell = cell === undefined ? fresh : (add(mul(sigmoid(f), cell), fresh) as Tensor2D);
    outputs.push(mul(sigmoid(o), tanh(cell)) as Tensor2D);
  }
  return stack(backwards ? outputs.toReversed() : outputs, 1) as Tensor3D;
}
