import type { Tensor1D, Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';
import { mostThreads, runShader, type Shader, workgroupBytes } from './run-shader.js';

/** Numbers for each state of the lattice that the threads of a workgroup share. */
const sharedPerState = 4;
/** The least capacity that a program is made for: labels of similar lengths share one. */
const leastCapacity = 32;

/** Whether a workgroup can hold what it has to of labels with at most so many characters. */
export function fitsCtc(longest: number): boolean {
  return sharedPerState * capacityFor(longest) * Float32Array.BYTES_PER_ELEMENT <= workgroupBytes();
}

/**
 * −log P(label) of each line, and its gradient with respect to the logits [N, T, classes], by one program: a workgroup for each
 * line, a thread for each state of its lattice. The blank is the last class. `labels` is int32 [N, 1 + the most characters]: of
 * each line the length of its label and its characters, or −1 for a line that counts nothing. Both results are divided by the
 * number of lines.
 */
export function runCtcShader(
  logits: Tensor3D,
  labels: Tensor2D,
): { readonly losses: Tensor1D; readonly gradient: Tensor3D } {
  const [lines, steps, classes] = logits.shape;
  const longest = labels.shape[1] - 1;
  const states = 2 * longest + 1;
  const [losses, gradient, lattice] = runShader(ctcShader(capacityFor(longest)), {
    inputs: [logits, labels],
    shapes: [[lines], logits.shape, [lines, steps, states]],
    sizes: [lines, steps, classes, states],
    workgroups: lines,
  }) as [Tensor1D, Tensor3D, Tensor3D];
  lattice.dispose();
  return { losses, gradient };
}

function capacityFor(longest: number): number {
  return Math.max(leastCapacity, 2 ** Math.ceil(Math.log2(2 * longest + 1)));
}

/** As `ctc-lattice.ts`. Until a step is done backwards its row of the gradient holds the logs of its probabilities. */
function ctcShader(capacity: number): Shader {
  const threads = Math.min(mostThreads, capacity);
  const eachState = `for (var state = thread; state < states; state += ${threads})`;
  return {
    name: `CTC of ${capacity} states`,
    outputs: ['losses', 'gradient', 'lattice'],
    inputs: ['logits', 'labels'],
    sizes: ['lines', 'steps', 'classes', 'states'],
    code: () => `
      // The log of a probability of 0: finite, so that sums and differences of it stay numbers.
      const impossible = -1e30;

      var<workgroup> emits: array<u32, ${capacity}>;
      var<workgroup> here: array<f32, ${capacity}>;
      var<workgroup> next: array<f32, ${capacity}>;
      var<workgroup> share: array<f32, ${capacity}>;

      fn logSum(a: f32, b: f32, c: f32) -> f32 {
        let most = max(a, max(b, c));
        return most + log(exp(a - most) + exp(b - most) + exp(c - most));
      }

      // Whether a path may come to a character straight from the one before, without the blank between.
      fn maySkip(state: u32) -> bool {
        if (state % 2 == 0 || state < 2) { return false; }
        return emits[state] != emits[state - 2];
      }

      @compute @workgroup_size(${threads})
      fn main(@builtin(local_invocation_index) thread: u32, @builtin(workgroup_id) group: vec3<u32>) {
        let line = group.x;
        let steps = u32(sizes.steps);
        let classes = u32(sizes.classes);
        let first = line * steps * classes;
        let room = u32(sizes.states);
        let width = (room + 1) / 2;
        let characters = labels[line * width];
        let states = u32(2 * max(characters, 0) + 1);

        ${eachState} {
          var label = classes - 1;
          if (state % 2 == 1) { label = u32(labels[line * width + 1 + state / 2]); }
          emits[state] = label;
        }
        for (var step = thread; step < steps; step += ${threads}) {
          let row = first + step * classes;
          var most = logits[row];
          for (var label = 1u; label < classes; label++) { most = max(most, logits[row + label]); }
          var sum = 0.0;
          for (var label = 0u; label < classes; label++) { sum += exp(logits[row + label] - most); }
          let offset = most + log(sum);
          for (var label = 0u; label < classes; label++) { gradient[row + label] = logits[row + label] - offset; }
        }
        storageBarrier();
        workgroupBarrier();

        for (var step = 0u; step < steps; step++) {
          ${eachState} {
            var reached = impossible;
            if (step == 0) {
              if (state < 2) { reached = 0.0; }
            } else {
              var one = impossible;
              var two = impossible;
              if (state > 0) { one = here[state - 1]; }
              if (maySkip(state)) { two = here[state - 2]; }
              reached = logSum(here[state], one, two);
            }
            let total = reached + gradient[first + step * classes + emits[state]];
            next[state] = total;
            lattice[(line * steps + step) * room + state] = total;
          }
          workgroupBarrier();
          ${eachState} { here[state] = next[state]; }
          workgroupBarrier();
        }

        var before = impossible;
        if (states > 1) { before = here[states - 2]; }
        let likelihood = logSum(here[states - 1], before, impossible);
        let weight = select(1.0 / f32(sizes.lines), 0.0, characters < 0);
        if (thread == 0) { losses[line] = -weight * likelihood; }
        workgroupBarrier();

        // From here on \`here\` are the ends from a state, the output of the step itself included.
        for (var left = steps; left > 0; left--) {
          let step = left - 1;
          let row = first + step * classes;
          ${eachState} {
            var ends = impossible;
            if (left == steps) {
              if (state + 2 >= states) { ends = 0.0; }
            } else {
              var one = impossible;
              var two = impossible;
              if (state + 1 < states) { one = here[state + 1]; }
              if (state + 2 < states && maySkip(state + 2)) { two = here[state + 2]; }
              ends = logSum(here[state], one, two);
            }
            share[state] = exp(lattice[(line * steps + step) * room + state] + ends - likelihood);
            next[state] = ends + gradient[row + emits[state]];
          }
          // The logs of this step have been read by all before they are overwritten.
          storageBarrier();
          workgroupBarrier();
          ${eachState} { here[state] = next[state]; }
          for (var label = thread; label < classes; label += ${threads}) {
            var taken = 0.0;
            for (var state = 0u; state < states; state++) {
              if (emits[state] == label) { taken += share[state]; }
            }
            gradient[row + label] = weight * (exp(gradient[row + label]) - taken);
          }
          workgroupBarrier();
        }
      }`,
  };
}
