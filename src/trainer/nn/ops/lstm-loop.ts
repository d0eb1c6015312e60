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
      if (previous >= 0) addProduct(sums, trace.hidden, previous * units, recurrent, units);
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
  trace: LstmTrace,
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
      addProductOfRow(dh, dProjected, row * 4 * units, recurrentTransposed, units);
    }
  }
}

/** Row of the trace that is read as the `count`-th. */
function rowAt({ steps, backwards }: LstmShape, sequence: number, count: number): number {
  return sequence * steps + (backwards ? steps - 1 - count : count);
}

/** sums += hidden[from …] · recurrent */
function addProduct(
  sums: Float64Array,
  hidden: Float32Array,
  from: number,
  recurrent: Float32Array,
  units: number,
): void {
  const width = 4 * units;
  for (let unit = 0; unit < units; unit++) {
    const value = hidden[from + unit] as number;
    const offset = unit * width;
    for (let gate = 0; gate < width; gate++)
      sums[gate] = (sums[gate] as number) + value * (recurrent[offset + gate] as number);
  }
}

/** dh += dGates[from …] · recurrentᵀ */
function addProductOfRow(
  dh: Float64Array,
  dGates: Float32Array,
  from: number,
  transposed: Float32Array,
  units: number,
): void {
  for (let gate = 0; gate < 4 * units; gate++) {
    const value = dGates[from + gate] as number;
    const offset = gate * units;
    for (let unit = 0; unit < units; unit++)
      dh[unit] = (dh[unit] as number) + value * (transposed[offset + unit] as number);
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
  { gates, cells }: LstmTrace,
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
