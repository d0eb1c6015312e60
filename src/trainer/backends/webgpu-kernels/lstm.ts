import type { Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';
import type { LstmShape } from '../../nn/ops/lstm-loop.js';
import { mostThreads, runShader, type Shader, workgroupBytes } from './run-shader.js';

/** Numbers for each unit that the threads of a workgroup share, in the program that needs the most. */
const sharedPerUnit = 9;

/** Whether a workgroup can hold what it has to of a sequence with so many units. */
export function fitsLstm(units: number): boolean {
  return sharedPerUnit * units * Float32Array.BYTES_PER_ELEMENT <= workgroupBytes();
}

/**
 * Runs the recurrence of an LSTM by one program, a workgroup for each sequence. `projected` [N, T, 4·units] is x · kernel + bias
 * with the gates in Keras' order i, f, g, o. Returns gates [N, T, 4·units], cells and hidden states [N, T, units].
 */
export function runLstmShader(
  { batch, steps, units, backwards }: LstmShape,
  projected: Tensor3D,
  recurrent: Tensor2D,
): [Tensor3D, Tensor3D, Tensor3D] {
  return runShader(forwardShader(units), {
    inputs: [projected, recurrent],
    shapes: [
      [batch, steps, 4 * units],
      [batch, steps, units],
      [batch, steps, units],
    ],
    sizes: [steps, Number(backwards)],
    workgroups: batch,
  }) as [Tensor3D, Tensor3D, Tensor3D];
}

/**
 * Gradient of {@link runLstmShader} with respect to `projected`, from that of the hidden states, by one program. The recurrent
 * kernel comes transposed, [4·units, units], so that neighbouring threads read neighbouring numbers.
 */
export function runLstmGradientShader(
  { batch, steps, units, backwards }: LstmShape,
  gates: Tensor3D,
  cells: Tensor3D,
  recurrentTransposed: Tensor2D,
  dHidden: Tensor3D,
): Tensor3D {
  const [dProjected] = runShader(backwardShader(units), {
    inputs: [gates, cells, recurrentTransposed, dHidden],
    shapes: [[batch, steps, 4 * units]],
    sizes: [steps, Number(backwards)],
    workgroups: batch,
  });
  return dProjected as Tensor3D;
}

/** A thread for each gate of a unit adds up its sum, one for each unit puts the four together. */
function forwardShader(units: number): Shader {
  const threads = threadsFor(units);
  return {
    name: `LSTM of ${units}`,
    outputs: ['gates', 'cells', 'hidden'],
    inputs: ['projected', 'recurrent'],
    sizes: ['steps', 'backwards'],
    code: () => `
      ${shared(units)}
      var<workgroup> sums: array<f32, ${4 * units}>;
      var<workgroup> cell: array<f32, units>;
      var<workgroup> state: array<f32, units>;

      ${start(threads)} {
        for (var unit = thread; unit < units; unit += ${threads}) {
          cell[unit] = 0.0;
          state[unit] = 0.0;
        }
        workgroupBarrier();
        for (var count = 0u; count < u32(sizes.steps); count++) {
          let row = rowAt(group.x, count);
          for (var gate = thread; gate < 4 * units; gate += ${threads}) {
            var sum = projected[row * 4 * units + gate];
            for (var unit = 0u; unit < units; unit++) { sum += state[unit] * recurrent[unit * 4 * units + gate]; }
            sums[gate] = sum;
          }
          workgroupBarrier();
          for (var unit = thread; unit < units; unit += ${threads}) {
            let i = sigmoid(sums[unit]);
            let f = sigmoid(sums[units + unit]);
            let g = squash(sums[2 * units + unit]);
            let o = sigmoid(sums[3 * units + unit]);
            let next = f * cell[unit] + i * g;
            let output = o * squash(next);
            cell[unit] = next;
            state[unit] = output;
            let at = row * 4 * units + unit;
            gates[at] = i;
            gates[at + units] = f;
            gates[at + 2 * units] = g;
            gates[at + 3 * units] = o;
            cells[row * units + unit] = next;
            hidden[row * units + unit] = output;
          }
          workgroupBarrier();
        }
      }`,
  };
}

/** From the last step to the first: a thread for each unit differentiates its gates, four give the state before its gradient. */
function backwardShader(units: number): Shader {
  const threads = threadsFor(units);
  return {
    name: `gradient of LSTM of ${units}`,
    outputs: ['dProjected'],
    inputs: ['gates', 'cells', 'transposed', 'dHidden'],
    sizes: ['steps', 'backwards'],
    code: () => `
      ${shared(units)}
      var<workgroup> dSums: array<f32, ${4 * units}>;
      // Of the state before, in four parts: what comes to it through each of the gates.
      var<workgroup> dState: array<f32, ${4 * units}>;
      var<workgroup> dCell: array<f32, units>;

      ${start(threads)} {
        for (var unit = thread; unit < units; unit += ${threads}) { dCell[unit] = 0.0; }
        for (var part = thread; part < 4 * units; part += ${threads}) { dState[part] = 0.0; }
        workgroupBarrier();
        for (var left = u32(sizes.steps); left > 0; left--) {
          let count = left - 1;
          let row = rowAt(group.x, count);
          for (var unit = thread; unit < units; unit += ${threads}) {
            let at = row * 4 * units + unit;
            let i = gates[at];
            let f = gates[at + units];
            let g = gates[at + 2 * units];
            let o = gates[at + 3 * units];
            let squashed = squash(cells[row * units + unit]);
            var before = 0.0;
            if (count > 0) { before = cells[rowAt(group.x, count - 1) * units + unit]; }
            let later = dState[unit] + dState[units + unit] + dState[2 * units + unit] + dState[3 * units + unit];
            let dh = dHidden[row * units + unit] + later;
            let dc = dCell[unit] + dh * o * (1 - squashed * squashed);
            let di = dc * g * i * (1 - i);
            let df = dc * before * f * (1 - f);
            let dg = dc * i * (1 - g * g);
            let dOut = dh * squashed * o * (1 - o);
            dSums[unit] = di;
            dSums[units + unit] = df;
            dSums[2 * units + unit] = dg;
            dSums[3 * units + unit] = dOut;
            dProjected[at] = di;
            dProjected[at + units] = df;
            dProjected[at + 2 * units] = dg;
            dProjected[at + 3 * units] = dOut;
            dCell[unit] = dc * f;
          }
          workgroupBarrier();
          for (var part = thread; part < 4 * units; part += ${threads}) {
            let unit = part % units;
            let first = part - unit;
            var sum = 0.0;
            for (var gate = first; gate < first + units; gate++) { sum += dSums[gate] * transposed[gate * units + unit]; }
            dState[part] = sum;
          }
          workgroupBarrier();
        }
      }`,
  };
}

function threadsFor(units: number): number {
  return Math.min(mostThreads, 4 * units);
}

function start(threads: number): string {
  return `@compute @workgroup_size(${threads})
    fn main(@builtin(local_invocation_index) thread: u32, @builtin(workgroup_id) group: vec3<u32>)`;
}

/** Large arguments must not overflow on the way: WGSL promises nothing of a tanh of them. */
function shared(units: number): string {
  return `
    const units = ${units}u;

    // The row that is read as the count-th.
    fn rowAt(sequence: u32, count: u32) -> u32 {
      let steps = u32(sizes.steps);
      return sequence * steps + select(count, steps - 1 - count, sizes.backwards != 0);
    }

    fn sigmoid(x: f32) -> f32 { return 1.0 / (1.0 + exp(-x)); }

    fn squash(x: f32) -> f32 {
      let e = exp(-2.0 * abs(x));
      return sign(x) * (1.0 - e) / (1.0 + e);
    }`;
}
