/**
 * Best-path CTC decoding of one line (Graves et al. 2006): the likeliest class of each time step, repeats merged, blanks
 * dropped; equal to `tf.nn.ctc_greedy_decoder`. `logits` is steps × classes, row by row; returns class indices.
 */
export function greedyDecode(logits: Float32Array, classes: number, blank: number = classes - 1): number[] {
  if (logits.length % classes !== 0)
    throw new RangeError(`${logits.length} logits are no multiple of ${classes} classes`);
  const labels: number[] = [];
  let previous = blank;
  for (let start = 0; start < logits.length; start += classes) {
    const best = argMax(logits, start, classes);
    if (best !== blank && best !== previous) labels.push(best);
    previous = best;
  }
  return labels;
}

function argMax(values: Float32Array, start: number, count: number): number {
  let best = 0;
  for (let i = 1; i < count; i++) {
    if ((values[start + i] as number) > (values[start + best] as number)) best = i;
  }
  return best;
}
