/** Naive layers in float64, row-major arrays, written for clarity: what the real ones are compared with. */

export interface ConvolutionShape {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  readonly inputs: number;
  readonly filters: number;
  readonly size: number;
  readonly stride: number;
}

/** TensorFlow's "same" convolution of NHWC images by a kernel [size, size, inputs, filters]. */
export function convolve(x: number[], kernel: number[], shape: ConvolutionShape): number[] {
  const { batch, height, width, inputs, filters, size, stride } = shape;
  const out: number[] = [];
  const [rows, columns] = [Math.ceil(height / stride), Math.ceil(width / stride)];
  const top = Math.floor(Math.max((rows - 1) * stride + size - height, 0) / 2);
  const left = Math.floor(Math.max((columns - 1) * stride + size - width, 0) / 2);
  const pixel = (image: number, row: number, column: number, channel: number) =>
    row < 0 || column < 0 || row >= height || column >= width
      ? 0
      : at(x, ((image * height + row) * width + column) * inputs + channel);
  for (let image = 0; image < batch; image++)
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns; column++)
        for (let filter = 0; filter < filters; filter++) {
          let sum = 0;
          for (let dy = 0; dy < size; dy++)
            for (let dx = 0; dx < size; dx++)
              for (let channel = 0; channel < inputs; channel++)
                sum +=
                  pixel(image, row * stride - top + dy, column * stride - left + dx, channel) *
                  at(kernel, ((dy * size + dx) * inputs + channel) * filters + filter);
          out.push(sum);
        }
  return out;
}

/** a [rows, inner] · b [inner, columns] */
export function multiply(a: number[], b: number[], inner: number, columns: number): number[] {
  const out: number[] = [];
  for (let row = 0; row < a.length / inner; row++)
    for (let column = 0; column < columns; column++) {
      let sum = 0;
      for (let i = 0; i < inner; i++) sum += at(a, row * inner + i) * at(b, i * columns + column);
      out.push(sum);
    }
  return out;
}

/** Adds a vector to each row. */
export function shift(x: number[], bias: number[]): number[] {
  return x.map((value, i) => value + at(bias, i % bias.length));
}

export function rectify(x: number[]): number[] {
  return x.map((value) => (value > 0 ? value : 0.2 * value));
}

/** Mean and biased variance of each channel (the last axis). */
export function statistics(x: number[], channels: number): { mean: number[]; variance: number[] } {
  const mean: number[] = [];
  const variance: number[] = [];
  for (let channel = 0; channel < channels; channel++) {
    const values = x.filter((_, i) => i % channels === channel);
    const average = values.reduce((sum, value) => sum + value, 0) / values.length;
    mean.push(average);
    variance.push(values.reduce((sum, value) => sum + (value - average) ** 2, 0) / values.length);
  }
  return { mean, variance };
}

/** Batch norm by given statistics, then the leaky rectifier. */
export function normalize(
  x: number[],
  gamma: number[],
  beta: number[],
  { mean, variance }: { mean: number[]; variance: number[] },
): number[] {
  const channel = (i: number) => i % gamma.length;
  const normal = (value: number, c: number) => (value - at(mean, c)) / Math.sqrt(at(variance, c) + 1e-3);
  return rectify(x.map((value, i) => at(gamma, channel(i)) * normal(value, channel(i)) + at(beta, channel(i))));
}

export interface SequenceShape {
  readonly batch: number;
  readonly steps: number;
  readonly inputs: number;
  readonly units: number;
  readonly backwards: boolean;
}

/** Keras' LSTM (gates i, f, g, o), all hidden states. */
export function readSequences(
  x: number[],
  kernel: number[],
  recurrent: number[],
  bias: number[],
  { batch, steps, inputs, units, backwards }: SequenceShape,
): number[] {
  const out = new Array<number>(batch * steps * units).fill(0);
  for (let line = 0; line < batch; line++) {
    let hidden = new Array<number>(units).fill(0);
    let cell = new Array<number>(units).fill(0);
    for (let count = 0; count < steps; count++) {
      const row = line * steps + (backwards ? steps - 1 - count : count);
      const fromInput = shift(multiply(x.slice(row * inputs, (row + 1) * inputs), kernel, inputs, 4 * units), bias);
      const fromHidden = multiply(hidden, recurrent, units, 4 * units);
      const sums = fromInput.map((value, i) => value + at(fromHidden, i));
      const gate = (index: number, unit: number) => at(sums, index * units + unit);
      cell = cell.map((before, u) => sigmoid(gate(1, u)) * before + sigmoid(gate(0, u)) * Math.tanh(gate(2, u)));
      hidden = cell.map((value, u) => sigmoid(gate(3, u)) * Math.tanh(value));
      for (const [unit, value] of hidden.entries()) out[row * units + unit] = value;
    }
  }
  return out;
}

export function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/** An element that is there. */
export function at(values: ArrayLike<number>, index: number): number {
  const value = values[index];
  if (value === undefined) throw new RangeError(`no element ${index} of ${values.length}`);
  return value;
}
