import { elementBytes, elementCount, type NumericDType } from '../bundle-types.js';

/** One tensor of a `.safetensors` file: its bytes begin at `offset` of the file. */
export interface SafetensorsEntry extends StoredTensor {
  readonly dtype: NumericDType;
}

/** A tensor whose element type may be one that we have no name for. */
export interface StoredTensor {
  /** As the header has it: `F32`. */
  readonly typeName: string;
  readonly dtype: NumericDType | undefined;
  readonly shape: readonly number[];
  readonly offset: number;
  readonly size: number;
}

/** Names of element types in safetensors; it has no strings, no quantised types, no complex128. */
export const safetensorsNames: Readonly<Partial<Record<NumericDType, string>>> = {
  float64: 'F64',
  float32: 'F32',
  float16: 'F16',
  bfloat16: 'BF16',
  float8_e5m2: 'F8_E5M2',
  float8_e4m3fn: 'F8_E4M3',
  int64: 'I64',
  int32: 'I32',
  int16: 'I16',
  int8: 'I8',
  uint64: 'U64',
  uint32: 'U32',
  uint16: 'U16',
  uint8: 'U8',
  bool: 'BOOL',
  complex64: 'C64',
};

const dtypes = new Map(Object.entries(safetensorsNames).map(([dtype, name]) => [name, dtype as NumericDType]));

/** Bits of an element, of types that we cannot read too; there may be newer ones. */
const elementBits: Readonly<Record<string, number>> = {
  ...Object.fromEntries([...dtypes].map(([name, dtype]) => [name, 8 * elementBytes[dtype]])),
  ...{ F8_E8M0: 8, F8_E4M3FNUZ: 8, F8_E5M2FNUZ: 8, F6_E2M3: 6, F6_E3M2: 6, F4: 4 },
};

/** Size of the field before the header, which says how long that is. */
export const lengthBytes = 8;

/** What the reference implementation takes at most. */
export const mostHeaderBytes = 100_000_000;

/**
 * Reads the JSON header of a file of `fileBytes` bytes.
 * @throws RangeError naming the tensor and what is wrong: shape, length, or a hole or overlap between tensors
 */
export function parseHeader(header: Uint8Array, fileBytes: number) {
  const parsed = parseJson(header);
  const entries = new Map<string, StoredTensor>();
  let metadata: Readonly<Record<string, string>> = {};
  const start = lengthBytes + header.length;
  for (const [name, value] of Object.entries(parsed)) {
    if (name === '__metadata__') metadata = parseMetadata(value);
    else entries.set(name, parseEntry(name, value, start));
  }
  assertContiguous(entries, start, fileBytes);
  return { entries, metadata };
}

function parseJson(header: Uint8Array): Record<string, unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(header));
  } catch (error) {
    throw new RangeError(`its header is no JSON: ${(error as Error).message}`, { cause: error });
  }
  if (!isObject(parsed)) throw new RangeError('its header is no JSON object');
  return parsed;
}

function parseMetadata(value: unknown): Readonly<Record<string, string>> {
  if (!isObject(value) || Object.values(value).some((text) => typeof text !== 'string'))
    throw new RangeError('its __metadata__ holds more than strings');
  return value as Record<string, string>;
}

function parseEntry(name: string, value: unknown, start: number): StoredTensor {
  const { dtype: typeName, shape, data_offsets: offsets } = isObject(value) ? value : {};
  if (typeof typeName !== 'string') throw new RangeError(`the dtype of ${name} is ${JSON.stringify(typeName)}`);
  if (!isSizes(shape)) throw new RangeError(`the shape of ${name} is ${JSON.stringify(shape)}`);
  if (!isSizes(offsets) || offsets.length !== 2)
    throw new RangeError(`the data_offsets of ${name} are ${JSON.stringify(offsets)}`);
  const [begin, end] = offsets as [number, number];
  const bits = elementBits[typeName];
  const expected = bits === undefined ? end - begin : (elementCount(shape) * bits) / 8;
  if (end - begin !== expected || expected < 0)
    throw new RangeError(`${name} has ${end - begin} bytes for ${typeName} [${shape}], expected ${expected}`);
  return { typeName, dtype: dtypes.get(typeName), shape, offset: start + begin, size: expected };
}

/** Tensors lie one after the other, and nothing else lies there: the format demands it. */
function assertContiguous(entries: ReadonlyMap<string, StoredTensor>, start: number, fileBytes: number): void {
  const ordered = [...entries].sort(([, left], [, right]) => left.offset - right.offset || left.size - right.size);
  let end = start;
  for (const [name, { offset, size }] of ordered) {
    if (offset !== end) throw new RangeError(`${name} begins at byte ${offset} of the file, expected ${end}`);
    end += size;
  }
  if (end !== fileBytes) throw new RangeError(`it has ${fileBytes} bytes, expected ${end}`);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
