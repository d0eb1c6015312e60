import type { DType } from './bundle-types.js';
import { pushBytesField, pushFixed32Field, pushVarint, pushVarintField, readFields } from './protobuf.js';

/** Where one tensor lies in the data files, and how it is checked (`BundleEntryProto`, tensor_bundle.proto). */
export interface BundleEntry {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly shard: number;
  /** Byte offset and size in the shard's data file. */
  readonly offset: number;
  readonly size: number;
  /** Masked CRC32C of those bytes. */
  readonly crc: number;
  /** Why its values cannot be read, although the checkpoint is in order. */
  readonly unreadable?: string;
}

/** TensorFlow's numbers of element types (types.proto). */
const dtypeNumbers = {
  float32: 1,
  float64: 2,
  int32: 3,
  uint8: 4,
  int16: 5,
  int8: 6,
  string: 7,
  int64: 9,
  bool: 10,
  bfloat16: 14,
  uint16: 17,
  float16: 19,
  uint32: 22,
  uint64: 23,
  complex64: 8,
  complex128: 18,
  qint8: 11,
  quint8: 12,
  qint16: 15,
  quint16: 16,
  qint32: 13,
  float8_e5m2: 24,
  float8_e4m3fn: 25,
  int4: 29,
  uint4: 30,
} as const satisfies Record<DType, number>;

const dtypeNames = new Map<number, DType>(
  Object.entries(dtypeNumbers).map(([name, number]) => [number, name as DType]),
);

/** Serializes the header that stands under the empty key: number of shards, little-endian, version 1. */
export function encodeHeader(shards: number): Uint8Array {
  const out: number[] = [];
  pushVarintField(out, 1, shards);
  pushBytesField(out, 3, [0x08, 1]);
  return Uint8Array.from(out);
}

/** Reads the header: the number of shards. Throws RangeError when it is none we can read. */
export function decodeHeader(bytes: Uint8Array): { readonly shards: number } {
  const fields = readFields(bytes);
  if (fields.some(({ number, value }) => number === 2 && value !== 0)) throw new RangeError('it is big-endian');
  return { shards: fields.find(({ number }) => number === 1)?.value ?? 0 };
}

/** Serializes an entry. */
export function encodeEntry(entry: BundleEntry): Uint8Array {
  const out: number[] = [];
  pushVarintField(out, 1, dtypeNumbers[entry.dtype]);
  const shape: number[] = [];
  for (const length of entry.shape) pushBytesField(shape, 2, dimension(length));
  pushBytesField(out, 2, shape);
  pushVarintField(out, 3, entry.shard);
  pushVarintField(out, 4, entry.offset);
  pushVarintField(out, 5, entry.size);
  pushFixed32Field(out, 6, entry.crc);
  return Uint8Array.from(out);
}

/** Reads an entry. Throws RangeError when it is none we can read. */
export function decodeEntry(bytes: Uint8Array): BundleEntry {
  let entry: BundleEntry = { dtype: 'float32', shape: [], shard: 0, offset: 0, size: 0, crc: 0 };
  for (const { number, value = 0, bytes: content } of readFields(bytes)) {
    if (number === 1) entry = { ...entry, ...dtypeOf(value) };
    if (number === 2) entry = { ...entry, shape: decodeShape(content ?? new Uint8Array()) };
    if (number === 3) entry = { ...entry, shard: value };
    if (number === 4) entry = { ...entry, offset: value };
    if (number === 5) entry = { ...entry, size: value };
    if (number === 6) entry = { ...entry, crc: value };
    if (number === 7) entry = { ...entry, unreadable: 'it is a partitioned variable, saved in slices' };
  }
  return entry;
}

function dimension(length: number): number[] {
  const out: number[] = [];
  if (length === 0) return out;
  pushVarint(out, 8);
  pushVarint(out, length);
  return out;
}

function decodeShape(bytes: Uint8Array): number[] {
  return readFields(bytes)
    .filter(({ number }) => number === 2)
    .map(
      ({ bytes: content }) => readFields(content ?? new Uint8Array()).find(({ number }) => number === 1)?.value ?? 0,
    );
}

/** An element type that we do not know has bytes with a checksum all the same. */
function dtypeOf(number: number): Pick<BundleEntry, 'dtype' | 'unreadable'> {
  const dtype = dtypeNames.get(number);
  if (dtype !== undefined) return { dtype };
  return {
    dtype: 'uint8',
    unreadable: `it has element type ${number} of TensorFlow's types.proto, which is not supported`,
  };
}
