import { at } from './references.js';

/** Softmax of each row of `columns` values. */
export function softmaxRows(x: number[], columns: number): number[] {
  return eachRow(x, columns, (row) => {
    const powers = row.map(Math.exp);
    const sum = total(powers);
    return powers.map((power) => power / sum);
  });
}

/** x · Φ(x), Φ by its series around 0. */
export function geluOf(x: number): number {
  let [term, sum] = [x, x];
  for (let n = 1; n < 40; n++) {
    term *= -(x * x) / (2 * n);
    sum += term / (2 * n + 1);
  }
  return x * (0.5 + sum / Math.sqrt(2 * Math.PI));
}

/** Rows with the mean 0 and the variance 1, scaled and shifted by channel. */
export function rowNorm(x: number[], columns: number, gamma: number[], beta: number[], epsilon: number): number[] {
  const normal = eachRow(x, columns, (row) => {
    const mean = total(row) / columns;
    const variance = total(row.map((value) => (value - mean) ** 2)) / columns;
    return row.map((value) => (value - mean) / Math.sqrt(variance + epsilon));
  });
  return normal.map((value, i) => value * at(gamma, i % gamma.length) + at(beta, i % beta.length));
}

/** Maximum or mean of x [batch, height, width, channels] over the image, or over the channels. */
export function pooled(
  x: number[],
  [batch, height, width, channels]: readonly [number, number, number, number],
  over: 'image' | 'channels',
  reduce: (values: number[]) => number,
): number[] {
  if (over === 'channels') return eachRow(x, channels, (row) => [reduce(row)]);
  const size = height * width;
  return Array.from({ length: batch * channels }, (_, i) => {
    const [line, channel] = [Math.floor(i / channels), i % channels];
    return reduce(Array.from({ length: size }, (_, pixel) => at(x, (line * size + pixel) * channels + channel)));
  });
}

export function mean(values: number[]): number {
  return total(values) / values.length;
}

/** Sizes of an attention: `batch` sequences of `queries` and of `keys` steps, with `size` channels. */
export interface AttentionShape {
  readonly batch: number;
  readonly queries: number;
  readonly keys: number;
  readonly size: number;
}

/** Each query's mean of the values, weighted by the softmax of scalar products ÷ √size. */
export function attention(
  q: number[],
  k: number[],
  v: number[],
  { batch, queries, keys, size }: AttentionShape,
): number[] {
  return Array.from({ length: batch * queries }, (_, row) => {
    const first = Math.floor(row / queries) * keys;
    const likeness = Array.from({ length: keys }, (_, key) =>
      total(range(size).map((i) => (at(q, row * size + i) * at(k, (first + key) * size + i)) / Math.sqrt(size))),
    );
    const shares = softmaxRows(likeness, keys);
    return range(size).map((i) => total(shares.map((share, key) => share * at(v, (first + key) * size + i))));
  }).flat();
}

/** "Same" 3 × 3 convolution of x [batch, height, width, inputs] whose window reads every `rate`-th pixel. */
export function dilatedConvolution(
  x: number[],
  kernel: number[],
  [batch, height, width, inputs]: readonly [number, number, number, number],
  filters: number,
  rate: number,
): number[] {
  const out: number[] = [];
  for (let line = 0; line < batch; line++)
    for (let row = 0; row < height; row++)
      for (let column = 0; column < width; column++)
        for (let filter = 0; filter < filters; filter++) {
          let sum = 0;
          for (let tap = 0; tap < 9; tap++) {
            const [y, z] = [row + rate * (Math.floor(tap / 3) - 1), column + rate * ((tap % 3) - 1)];
            if (y < 0 || y >= height || z < 0 || z >= width) continue;
            for (let input = 0; input < inputs; input++)
              sum +=
                at(x, ((line * height + y) * width + z) * inputs + input) *
                at(kernel, (tap * inputs + input) * filters + filter);
          }
          out.push(sum);
        }
  return out;
}

function eachRow(x: number[], columns: number, change: (row: number[]) => number[]): number[] {
  return range(x.length / columns).flatMap((row) => change(x.slice(row * columns, (row + 1) * columns)));
}

function range(length: number): number[] {
  return Array.from({ length }, (_, i) => i);
}

function total(values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
