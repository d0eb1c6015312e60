/** Element types that a checkpoint can hold, by the names TensorFlow and numpy use. */
export const dtypes = [
  'float16',
  'bfloat16',
  'float32',
  'float64',
  'int8',
  'int16',
  'int32',
  'int64',
  'uint8',
  'uint16',
  'uint32',
  'uint64',
  'bool',
  'string',
] as const;

export type DType = (typeof dtypes)[number];

/** One tensor ready to be written: raw little-endian, row-major bytes, or the strings of a string tensor. */
export interface TensorData {
  readonly dtype: DType;
  /** Row-major shape; `[]` is a scalar. */
  readonly shape: readonly number[];
  /** Bytes of all elements (little-endian); for `string` one byte array per element. */
  readonly data: Uint8Array | readonly Uint8Array[];
}
