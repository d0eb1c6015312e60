/** Element types that a checkpoint can hold, by the names TensorFlow and numpy use, with the bytes of one element. */
export const elementBytes = {
  float16: 2,
  bfloat16: 2,
  float32: 4,
  float64: 8,
  int8: 1,
  int16: 2,
  int32: 4,
  int64: 8,
  uint8: 1,
  uint16: 2,
  uint32: 4,
  uint64: 8,
  bool: 1,
  complex64: 8,
  complex128: 16,
  qint8: 1,
  quint8: 1,
  qint16: 2,
  quint16: 2,
  qint32: 4,
  float8_e5m2: 1,
  float8_e4m3fn: 1,
  int4: 1,
  uint4: 1,
} as const;

/** Element types with a fixed size. */
export type NumericDType = keyof typeof elementBytes;

/** All element types: the numeric ones and strings. */
export type DType = NumericDType | 'string';

/** All of them. */
export const dtypes: readonly DType[] = [...(Object.keys(elementBytes) as NumericDType[]), 'string'];

/** One tensor as it is read: raw little-endian, row-major bytes, or the strings of a string tensor. */
export interface TensorData {
  readonly dtype: DType;
  /** Row-major shape; `[]` is a scalar. */
  readonly shape: readonly number[];
  /** Bytes of all elements (little-endian); for `string` one byte array per element. */
  readonly data: Uint8Array | readonly Uint8Array[];
}

/** One tensor ready to be written. A numeric one may come in pieces of any size, each made when it is asked for. */
export interface TensorSource extends Omit<TensorData, 'data'> {
  readonly data: Uint8Array | Iterable<Uint8Array>;
}

/** Number of elements of a shape. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((count, length) => count * length, 1);
}
