/** Sizes of an LSTM over a batch of sequences, and the direction in which it reads them. */
export interface LstmShape {
  readonly batch: number;
  readonly steps: number;
  readonly units: number;
  readonly backwards: boolean;
}

/** Values of one run, row-major: gates [N, T, 4·units] in Keras' order i, f, g, o; cells and hidden [N, T, units]. */
export interface LstmTrace {
  readonly gates: Float32Array;
  readonly cells: Float32Array;
  readonly hidden: Float32Array;
}

/** Runs the recurrence. `projected` [N, T, 4·units] is x · kernel + bias; `recurrent` is [units, 4·units]. Fills the trace. */
export function runLstm(shape: LstmShape, projected: Float32Array, recurrent: Float32Array, trace: LstmTrace): void {
  const { batch, steps, units } = shape;
  const sums = new Float64Array(4 * units);
  for (let sequence = 0; sequence < batch; sequence++) {
    let previous = -1;
    for (let count = 0; count < steps; count++) {
      const row = rowAt(shape, sequence, count);
      for (let gate = 0; gate < 4 * units; gate++) sums[gate] = projected[row * 4 * units + gate] as number;
      if (previous >= 0) addProduct(sums, trace.hidden, previous * units, units, recurrent);
      activate(sums, trace, row, previous, units);
      previous = row;
    }
  }
}

/**
 * Gradient of {@link runLstm} with respect to `projected`, from that of the hidden states. `recurrentTransposed` is
 * [4·units, units].
 */
export function runLstmGradient(
  shape: LstmShape,
  trace: Omit<LstmTrace, 'hidden'>,
  recurrentTransposed: Float32Array,
  dHidden: Float32Array,
  dProjected: Float32Array,
): void {
  const { batch, steps, units } = shape;
  const dh = new Float64Array(units);
  const dc = new Float64Array(units);
  for (let sequence = 0; sequence < batch; sequence++) {
    dh.fill(0);
    dc.fill(0);
    for (let count = steps - 1; count >= 0; count--) {
      const row = rowAt(shape, sequence, count);
      const previous = count === 0 ? -1 : rowAt(shape, sequence, count - 1);
      for (let unit = 0; unit < units; unit++)
        dh[unit] = (dh[unit] as number) + (dHidden[row * units + unit] as number);
      differentiateGates(trace, row, previous, units, dh, dc, dProjected);
      dh.fill(0);
      addProduct(dh, dProjected, row * 4 * units, 4 * units, recurrentTransposed);
    }
  }
}

/** Row of the trace that is read as the `count`-th. */
function rowAt({ steps, backwards }: LstmShape, sequence: number, count: number): number {
  return sequence * steps + (backwards ? steps - 1 - count : count);
}

/** sums += vector[from … from + rows] · matrix [rows, sums.length] */
function addProduct(sums: Float64Array, vector: Float32Array, from: number, rows: number, matrix: Float32Array): void {
  const width = sums.length;
  let row = 0;
  // Four rows at a time: a sum is loaded and stored once for them, not once for each.
  for (; row + 3 < rows; row += 4) {
    const [a, b, c, d] = [
      vector[from + row],
      vector[from + row + 1],
      vector[from + row + 2],
      vector[from + row + 3],
    ] as [number, number, number, number];
    const first = row * width;
    for (let i = 0; i < width; i++) {
      const at = first + i;
      sums[i] =
        (sums[i] as number) +
        a * (matrix[at] as number) +
        b * (matrix[at + width] as number) +
        c * (matrix[at + 2 * width] as number) +
        d * (matrix[at + 3 * width] as number);
    }
  }
  for (; row < rows; row++) {
    const value = vector[from + row] as number;
    for (let i = 0; i < width; i++) sums[i] = (sums[i] as number) + value * (matrix[row * width + i] as number);
  }
}

/** Turns the gates' sums into activations, the next cell state and the next hidden state. */
function activate(
  sums: Float64Array,
  { gates, cells, hidden }: LstmTrace,
  row: number,
  previous: number,
  units: number,
): void {
  const at = row * 4 * units;
  for (let unit = 0; unit < units; unit++) {
    const input = sigmoid(sums[unit] as number);
    const forget = sigmoid(sums[units + unit] as number);
    const candidate = Math.tanh(sums[2 * units + unit] as number);
    const output = sigmoid(sums[3 * units + unit] as number);
    const before = previous < 0 ? 0 : (cells[previous * units + unit] as number);
    const cell = forget * before + input * candidate;
    gates[at + unit] = input;
    gates[at + units + unit] = forget;
    gates[at + 2 * units + unit] = candidate;
    gates[at + 3 * units + unit] = output;
    cells[row * units + unit] = cell;
    hidden[row * units + unit] = output * Math.tanh(cell);
  }
}

/** One step back: from dh to the gates' sums and to the cell state before. */
function differentiateGates(
  { gates, cells }: Omit<LstmTrace, 'hidden'>,
  row: number,
  previous: number,
  units: number,
  dh: Float64Array,
  dc: Float64Array,
  dProjected: Float32Array,
): void {
  const at = row * 4 * units;
  for (let unit = 0; unit < units; unit++) {
    const input = gates[at + unit] as number;
    const forget = gates[at + units + unit] as number;
    const candidate = gates[at + 2 * units + unit] as number;
    const output = gates[at + 3 * units + unit] as number;
    const squashed = Math.tanh(cells[row * units + unit] as number);
    const before = previous < 0 ? 0 : (cells[previous * units + unit] as number);
    const dHidden = dh[unit] as number;
    const dCell = (dc[unit] as number) + dHidden * output * (1 - squashed * squashed);
    dProjected[at + unit] = dCell * candidate * input * (1 - input);
    dProjected[at + units + unit] = dCell * before * forget * (1 - forget);
    dProjected[at + 2 * units + unit] = dCell * input * (1 - candidate * candidate);
    dProjected[at + 3 * units + unit] = dHidden * squashed * output * (1 - output);
    dc[unit] = dCell * forget;
  }
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}
