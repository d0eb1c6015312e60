import type { Feature, Features } from './example.js';

/** An array as the data set stores it: raw little-endian bytes, shape and element type in three features. */
export interface RawArray {
  readonly values: Float32Array | Float64Array | Uint8Array | Int32Array | BigInt64Array;
  /** Row-major shape; undefined when the record does not state it. */
  readonly shape: readonly number[] | undefined;
}

const arrayTypes = {
  float32: Float32Array,
  float64: Float64Array,
  uint8: Uint8Array,
  int32: Int32Array,
  int64: BigInt64Array,
} as const;

type ArrayType = keyof typeof arrayTypes;

/** The three features `<name>_raw`, `<name>_shape` and `<name>_dtype` of an array. */
export function rawArrayFeatures(
  name: string,
  dtype: 'float32' | 'int64',
  values: Float32Array | BigInt64Array,
  shape: readonly number[],
): [string, Feature][] {
  const raw = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return [
    [`${name}_raw`, { kind: 'bytes', values: [raw] }],
    [`${name}_shape`, { kind: 'int64s', values: shape }],
    [`${name}_dtype`, { kind: 'bytes', values: [new TextEncoder().encode(dtype)] }],
  ];
}

/**
 * Reads an array from those features. Writers differ in two ways that are allowed for: the shape may be raw int64 or int32
 * bytes instead of a list, and the type may be spelt as in `<dtype: 'float32'>` or be missing (then it is `fallback`).
 * @throws Error when a feature is missing or shape and bytes disagree
 */
export function readRawArray(features: Features, name: string, fallback: ArrayType): RawArray {
  const raw = singleBytes(features, `${name}_raw`);
  const type = arrayTypes[readType(features, `${name}_dtype`, fallback)];
  if (raw.length % type.BYTES_PER_ELEMENT !== 0) {
    throw new Error(`${name}_raw has ${raw.length} bytes, no multiple of ${type.BYTES_PER_ELEMENT}`);
  }
  const values = new type(raw.length / type.BYTES_PER_ELEMENT);
  // Copied because the record's bytes lie at any address, and typed arrays need an aligned one.
  new Uint8Array(values.buffer).set(raw);
  return { values, shape: readShape(features.get(`${name}_shape`), name, values.length) };
}

function readType(features: Features, name: string, fallback: ArrayType): ArrayType {
  if (!features.has(name)) return fallback;
  const text = new TextDecoder().decode(singleBytes(features, name));
  const type = /float32|float64|uint8|int32|int64/.exec(text)?.[0];
  if (type === undefined) throw new Error(`${name} is ${JSON.stringify(text)}, none of ${Object.keys(arrayTypes)}`);
  return type as ArrayType;
}

function readShape(feature: Feature | undefined, name: string, length: number): readonly number[] | undefined {
  if (feature === undefined) return undefined;
  const candidates = feature.kind === 'bytes' ? shapesFromBytes(feature.values[0]) : [feature.values];
  const shape = candidates.find((candidate) => candidate.reduce((product, size) => product * size, 1) === length);
  if (shape !== undefined) return shape;
  throw new Error(`${name}_shape is [${candidates[0] ?? ''}], but ${name}_raw holds ${length} elements`);
}

function shapesFromBytes(bytes: Uint8Array | undefined): number[][] {
  if (bytes === undefined) return [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = (size: number) => ({ length: Math.floor(bytes.length / size) });
  return [
    Array.from(count(8), (_, i) => Number(view.getBigInt64(i * 8, true))),
    Array.from(count(4), (_, i) => view.getInt32(i * 4, true)),
  ];
}

function singleBytes(features: Features, name: string): Uint8Array {
  const feature = features.get(name);
  const bytes = feature?.kind === 'bytes' ? feature.values[0] : undefined;
  if (bytes === undefined) throw new Error(`the feature ${name} (one byte string) is missing`);
  return bytes;
}
