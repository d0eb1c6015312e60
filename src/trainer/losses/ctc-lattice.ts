/**
 * Connectionist temporal classification of one sequence (Graves et al. 2006) in log space. `logits` is steps × classes, row
 * by row, the blank is the last class. Returns −log P(labels) and writes its gradient with respect to the logits into
 * `gradient` (same layout). Labels that do not fit into the steps have no path: loss and gradient are 0 then, as with
 * PyTorch's `zero_infinity`.
 */
export function ctcOfSequence(
  logits: Float32Array,
  classes: number,
  labels: Int32Array,
  gradient: Float32Array,
): number {
  const steps = logits.length / classes;
  gradient.fill(0);
  if (leastSteps(labels) > steps) return 0;
  const logProbabilities = logSoftmaxRows(logits, classes);
  const states = withBlanks(labels, classes - 1);
  const forward = forwardLattice(logProbabilities, classes, states);
  const backward = backwardLattice(logProbabilities, classes, states);
  const last = steps * states.length - 1;
  const logLikelihood = logAdd(forward[last] as number, states.length > 1 ? (forward[last - 1] as number) : -Infinity);
  writeGradient({ logProbabilities, classes, states, forward, backward, logLikelihood }, gradient);
  return -logLikelihood;
}

interface Lattice {
  readonly logProbabilities: Float64Array;
  readonly classes: number;
  /** Classes of the extended labels: a blank before, between and after the characters. */
  readonly states: Int32Array;
  /** Log probability of all beginnings that are in a state at a step, that step's output included. */
  readonly forward: Float64Array;
  /** Log probability of all ends from a state at a step, that step's output not included. */
  readonly backward: Float64Array;
  readonly logLikelihood: number;
}

/** Steps that labels need at least: one each, and a blank between equal neighbours. */
export function leastSteps(labels: Int32Array): number {
  return labels.reduce((count, label, index) => count + (index > 0 && labels[index - 1] === label ? 2 : 1), 0);
}

function withBlanks(labels: Int32Array, blank: number): Int32Array {
  const states = new Int32Array(2 * labels.length + 1).fill(blank);
  for (const [index, label] of labels.entries()) states[2 * index + 1] = label;
  return states;
}

function forwardLattice(logProbabilities: Float64Array, classes: number, states: Int32Array): Float64Array {
  const count = states.length;
  const steps = logProbabilities.length / classes;
  const lattice = new Float64Array(steps * count).fill(-Infinity);
  for (let state = 0; state < Math.min(2, count); state++)
    lattice[state] = logProbabilities[states[state] as number] as number;
  for (let step = 1; step < steps; step++) {
    const before = (step - 1) * count;
    for (let state = 0; state < count; state++) {
      let sum = lattice[before + state] as number;
      if (state > 0) sum = logAdd(sum, lattice[before + state - 1] as number);
      if (maySkip(states, state)) sum = logAdd(sum, lattice[before + state - 2] as number);
      lattice[step * count + state] = sum + (logProbabilities[step * classes + (states[state] as number)] as number);
    }
  }
  return lattice;
}

function backwardLattice(logProbabilities: Float64Array, classes: number, states: Int32Array): Float64Array {
  const count = states.length;
  const steps = logProbabilities.length / classes;
  const lattice = new Float64Array(steps * count).fill(-Infinity);
  for (let state = Math.max(0, count - 2); state < count; state++) lattice[(steps - 1) * count + state] = 0;
  const outputAt = (step: number, state: number) =>
    logProbabilities[step * classes + (states[state] as number)] as number;
  for (let step = steps - 2; step >= 0; step--) {
    const after = (step + 1) * count;
    for (let state = 0; state < count; state++) {
      let sum = (lattice[after + state] as number) + outputAt(step + 1, state);
      if (state + 1 < count) sum = logAdd(sum, (lattice[after + state + 1] as number) + outputAt(step + 1, state + 1));
      if (state + 2 < count && maySkip(states, state + 2))
        sum = logAdd(sum, (lattice[after + state + 2] as number) + outputAt(step + 1, state + 2));
      lattice[step * count + state] = sum;
    }
  }
  return lattice;
}

/** Whether a path may come to a character straight from the one before, without the blank between. */
function maySkip(states: Int32Array, state: number): boolean {
  return state % 2 === 1 && state > 1 && states[state] !== states[state - 2];
}

/** ∂(−log P)/∂logit = softmax − share of the paths that emit the class at the step. */
function writeGradient(lattice: Lattice, gradient: Float32Array): void {
  const { logProbabilities, classes, states, forward, backward, logLikelihood } = lattice;
  const shares = new Float64Array(classes);
  for (let step = 0; step * classes < gradient.length; step++) {
    shares.fill(0);
    for (const [state, label] of states.entries()) {
      const path =
        (forward[step * states.length + state] as number) + (backward[step * states.length + state] as number);
      shares[label] = (shares[label] as number) + Math.exp(path - logLikelihood);
    }
    for (let label = 0; label < classes; label++) {
      const at = step * classes + label;
      gradient[at] = Math.exp(logProbabilities[at] as number) - (shares[label] as number);
    }
  }
}

function logSoftmaxRows(logits: Float32Array, classes: number): Float64Array {
  const result = new Float64Array(logits.length);
  for (let start = 0; start < logits.length; start += classes) {
    let largest = -Infinity;
    for (let i = start; i < start + classes; i++) largest = Math.max(largest, logits[i] as number);
    let sum = 0;
    for (let i = start; i < start + classes; i++) sum += Math.exp((logits[i] as number) - largest);
    const offset = largest + Math.log(sum);
    for (let i = start; i < start + classes; i++) result[i] = (logits[i] as number) - offset;
  }
  return result;
}

function logAdd(a: number, b: number): number {
  if (a === -Infinity) return b;
  if (b === -Infinity) return a;
  return a > b ? a + Math.log1p(Math.exp(b - a)) : b + Math.log1p(Math.exp(a - b));
}
