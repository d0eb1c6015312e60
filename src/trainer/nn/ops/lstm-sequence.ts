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
import { fitsLstm, runLstmGradientShader, runLstmShader } from '../../backends/webgpu-kernels/lstm.js';
import { isOnWebgpu } from '../../backends/webgpu-kernels/run-shader.js';
import type { LstmShape } from './lstm-loop.js';
import { runLstm, runLstmGradient } from './lstm-loop.js';
import { withGradient } from './with-gradient.js';

/**
 * The recurrence of an LSTM: `projected` [N, T, 4·units] is x · kernel + bias with the gates in Keras' order i, f, g, o,
 * `recurrent` is [units, 4·units]; returns the hidden states [N, T, units], each at the place of its input.
 */
export function lstmSequence(projected: Tensor3D, recurrent: Tensor2D, backwards: boolean): Tensor3D {
  // Small matrices, many steps: on wasm a loop in JS beats hundreds of kernel calls; a GPU would wait for the transfers.
  if (isOnHost()) return inOneRun(byLoop, projected, recurrent, backwards);
  const inShader = isOnWebgpu() && fitsLstm(recurrent.shape[0]);
  return inShader
    ? inOneRun({ run: runLstmShader, runGradient: runLstmGradientShader }, projected, recurrent, backwards)
    : stepByStep(projected, recurrent, backwards);
}

/** All steps at once, forwards and backwards. */
interface LstmRunner {
  /** Gates, cells and hidden states. */
  readonly run: (shape: LstmShape, projected: Tensor3D, recurrent: Tensor2D) => [Tensor3D, Tensor3D, Tensor3D];
  /** Gradient with respect to `projected`. */
  readonly runGradient: (
    shape: LstmShape,
    gates: Tensor3D,
    cells: Tensor3D,
    recurrentTransposed: Tensor2D,
    dHidden: Tensor3D,
  ) => Tensor3D;
}

const byLoop: LstmRunner = {
  run: (shape, projected, recurrent) => {
    const { batch, steps, units } = shape;
    const shapes = [
      [batch, steps, 4 * units],
      [batch, steps, units],
      [batch, steps, units],
    ];
    return computeOnHost([projected, recurrent], shapes, (outputs, inputs) => {
      const [gates, cells, hidden] = outputs as [Float32Array, Float32Array, Float32Array];
      const [sums, weights] = inputs as [Float32Array, Float32Array];
      runLstm(shape, sums, weights, { gates, cells, hidden });
    }) as [Tensor3D, Tensor3D, Tensor3D];
  },
  runGradient: (shape, gates, cells, recurrentTransposed, dHidden) => {
    const inputs = [gates, cells, recurrentTransposed, dHidden];
    const [dProjected] = computeOnHost(inputs, [gates.shape], ([out], arrays) => {
      const [gates, cells, transposed, dy] = arrays as [Float32Array, Float32Array, Float32Array, Float32Array];
      runLstmGradient(shape, { gates, cells }, transposed, dy, out as Float32Array);
    });
    return dProjected as Tensor3D;
  },
};

function inOneRun(
  { run, runGradient }: LstmRunner,
  projected: Tensor3D,
  recurrent: Tensor2D,
  backwards: boolean,
): Tensor3D {
  const [batch, steps] = projected.shape;
  const shape: LstmShape = { batch, steps, units: recurrent.shape[0], backwards };
  return withGradient([projected, recurrent], {
    forward: () => {
      const [gates, cells, hidden] = run(shape, projected, recurrent);
      return { value: hidden, saved: [gates, cells, hidden, recurrent] };
    },
    backward: (dy, saved) => {
      const [gates, cells, hidden, weights] = saved as [Tensor3D, Tensor3D, Tensor3D, Tensor2D];
      const dProjected = runGradient(shape, gates, cells, transpose(weights), dy);
      return [dProjected, recurrentGradient(shape, hidden, dProjected)];
    },
  });
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
