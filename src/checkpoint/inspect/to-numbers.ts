import type { NumericDType } from '../bundle-types.js';

/**
 * The values of a piece of a tensor as numbers, two for a complex one. int64 and uint64 beyond 2^53 lose their last bits. The
 * piece has to begin and end with an element, and at a multiple of 8 bytes of its memory.
 */
export function toNumbers(dtype: NumericDType, bytes: Uint8Array): ArrayLike<number> {
  return views[dtype](bytes);
}

type View = (bytes: Uint8Array) => ArrayLike<number>;

interface TypedArray {
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): ArrayLike<number>;
  readonly BYTES_PER_ELEMENT: number;
}

const viewAs =
  (Type: TypedArray): View =>
  ({ buffer, byteOffset, byteLength }) =>
    new Type(buffer, byteOffset, byteLength / Type.BYTES_PER_ELEMENT);

const bigAs =
  (Type: typeof BigInt64Array | typeof BigUint64Array): View =>
  ({ buffer, byteOffset, byteLength }) =>
    Float64Array.from(new Type(buffer as ArrayBuffer, byteOffset, byteLength / 8) as BigInt64Array, Number);

/** A float of few bits: sign, exponent, fraction; `isWithoutInfinity` for a format that has no infinities (float8_e4m3fn). */
const smallFloat = (bits: number, exponentBits: number, isWithoutInfinity = false): View => {
  const Type = bits === 8 ? Uint8Array : Uint16Array;
  const table = Float32Array.from({ length: 2 ** bits }, (_, code) =>
    decodeFloat(code, bits, exponentBits, isWithoutInfinity),
  );
  return (bytes) => Float32Array.from(viewAs(Type)(bytes), (code) => table[code] as number);
};

/** The table of a type is made when it is first met. */
const lazy = (make: () => View): View => {
  let view: View | undefined;
  return (bytes) => {
    view ??= make();
    return view(bytes);
  };
};

function decodeFloat(code: number, bits: number, exponentBits: number, isWithoutInfinity: boolean): number {
  const fractionBits = bits - 1 - exponentBits;
  const sign = code >> (bits - 1) ? -1 : 1;
  const exponent = (code >> fractionBits) & (2 ** exponentBits - 1);
  const fraction = (code & (2 ** fractionBits - 1)) / 2 ** fractionBits;
  const bias = 2 ** (exponentBits - 1) - 1;
  const isTop = exponent === 2 ** exponentBits - 1;
  if (isTop && isWithoutInfinity && fraction === 1 - 2 ** -fractionBits) return Number.NaN;
  if (isTop && !isWithoutInfinity) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** (1 - bias) : sign * (1 + fraction) * 2 ** (exponent - bias);
}

const views: Readonly<Record<NumericDType, View>> = {
  float16: lazy(() => smallFloat(16, 5)),
  bfloat16: lazy(() => smallFloat(16, 8)),
  float32: viewAs(Float32Array),
  float64: viewAs(Float64Array),
  int8: viewAs(Int8Array),
  int16: viewAs(Int16Array),
  int32: viewAs(Int32Array),
  int64: bigAs(BigInt64Array),
  uint8: viewAs(Uint8Array),
  uint16: viewAs(Uint16Array),
  uint32: viewAs(Uint32Array),
  uint64: bigAs(BigUint64Array),
  bool: viewAs(Uint8Array),
  complex64: viewAs(Float32Array),
  complex128: viewAs(Float64Array),
  qint8: viewAs(Int8Array),
  quint8: viewAs(Uint8Array),
  qint16: viewAs(Int16Array),
  quint16: viewAs(Uint16Array),
  qint32: viewAs(Int32Array),
  float8_e5m2: lazy(() => smallFloat(8, 5)),
  float8_e4m3fn: lazy(() => smallFloat(8, 4, true)),
  int4: viewAs(Int8Array),
  uint4: viewAs(Uint8Array),
};
