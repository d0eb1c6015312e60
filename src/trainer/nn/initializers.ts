import { createRandom } from '../random/random.js';

/**
 * Makes the initial values of a variable; `path` names it, so that no two variables get the same numbers. They are written into
 * `into`, or a new array, and that is returned; who has more to do than that may always return a new one.
 */
export type Initializer = (shape: readonly number[], seed: number, path: string, into?: Float32Array) => Float32Array;

export const zeros: Initializer = (shape, _seed, _path, into) => into?.fill(0) ?? new Float32Array(sizeOf(shape));

export const ones: Initializer = constant(1);

/** The same number everywhere. */
export function constant(value: number): Initializer {
  return (shape, _seed, _path, into = new Float32Array(sizeOf(shape))) => into.fill(value);
}

/** Uniform in ±√(6 / (fan in + fan out)) (Glorot and Bengio 2010). Kernels are [...window, in, out]. */
export const glorotUniform: Initializer = (shape, seed, path, into) => {
  const { fanIn, fanOut } = fans(shape);
  return uniform(Math.sqrt(6 / (fanIn + fanOut)), shape, seed, path, into);
};

/** Uniform in ±√(6 / fan in) (He et al. 2015), for layers followed by a rectifier. */
export const heUniform: Initializer = (shape, seed, path, into) =>
  uniform(Math.sqrt(6 / fans(shape).fanIn), shape, seed, path, into);

/** Uniform in ±limit. */
export function uniformWithin(limit: number): Initializer {
  return (shape, seed, path, into) => uniform(limit, shape, seed, path, into);
}

/** He's initializer for one of several convolutions whose outputs are added: as if their inputs were concatenated. */
export function heUniformShared(fanInShare: number): Initializer {
  return (shape, seed, path, into) => uniform(Math.sqrt((6 * fanInShare) / fans(shape).fanIn), shape, seed, path, into);
}

/** Orthogonal rows or columns (Saxe et al. 2014), by Gram–Schmidt on normal numbers; shape [rows, columns]. */
export const orthogonal: Initializer = ([rows = 1, columns = 1], seed, path) => {
  const random = createRandom(seed, 'initial', path);
  const count = Math.min(rows, columns);
  const length = Math.max(rows, columns);
  const basis: Float64Array[] = [];
  while (basis.length < count) {
    const vector = Float64Array.from({ length }, () => random.normal());
    for (const other of basis) subtractProjection(vector, other);
    normalize(vector);
    basis.push(vector);
  }
  const at = (row: number, column: number) => (rows <= columns ? basis[row]?.[column] : basis[column]?.[row]) ?? 0;
  return Float32Array.from({ length: rows * columns }, (_, index) => at(Math.floor(index / columns), index % columns));
};

function subtractProjection(vector: Float64Array, onto: Float64Array): void {
  const product = onto.reduce((sum, value, index) => sum + value * (vector[index] ?? 0), 0);
  for (let index = 0; index < vector.length; index++)
    vector[index] = (vector[index] ?? 0) - product * (onto[index] ?? 0);
}

function normalize(vector: Float64Array): void {
  const norm = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  for (let index = 0; index < vector.length; index++) vector[index] = (vector[index] ?? 0) / norm;
}

function uniform(
  limit: number,
  shape: readonly number[],
  seed: number,
  path: string,
  values: Float32Array = new Float32Array(sizeOf(shape)),
): Float32Array {
  const random = createRandom(seed, 'initial', path);
  for (let index = 0; index < values.length; index++) values[index] = random.uniform(-limit, limit);
  return values;
}

function fans(shape: readonly number[]): { fanIn: number; fanOut: number } {
  const window = sizeOf(shape.slice(0, -2));
  return { fanIn: window * (shape.at(-2) ?? 1), fanOut: window * (shape.at(-1) ?? 1) };
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, length) => size * length, 1);
}
