import { type PositionedReader, readUint64, viewOf } from './positioned-reader.js';

/** A tensor in a safetensors file: dtype as written (`F32`), shape, and its place in the file. */
export interface SafeTensor {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly offset: number;
  readonly size: number;
}

/** The format's own limit of the header. */
const mostHeaderBytes = 100_000_000;
const bits: Readonly<Record<string, number>> = {
  ...{ F64: 64, I64: 64, U64: 64, C64: 64, F32: 32, I32: 32, U32: 32, F16: 16, BF16: 16, I16: 16, U16: 16 },
  ...{ I8: 8, U8: 8, BOOL: 8, F8_E4M3: 8, F8_E5M2: 8, F8_E8M0: 8, F8_E4M3FNUZ: 8, F8_E5M2FNUZ: 8 },
  ...{ F6_E2M3: 6, F6_E3M2: 6, F4: 4 },
};

/** Whether bytes begin a safetensors file: a plausible header length, then `{`. */
export function isSafetensors(head: Uint8Array): boolean {
  return head.length >= 9 && head[8] === 0x7b && viewOf(head).getBigUint64(0, true) <= BigInt(mostHeaderBytes);
}

/** Verifies header, offsets and file length; the format has no checksums. @throws RangeError */
export function verifySafetensors(reader: PositionedReader): string {
  return `header and offsets of ${readSafetensorsHeader(reader).length} tensors; the format has no checksums`;
}

/**
 * Reads the header: 8 bytes of length, JSON, then the tensors without gaps up to the end of the file.
 * @throws RangeError naming what is wrong
 */
export function readSafetensorsHeader(reader: PositionedReader): SafeTensor[] {
  const length = readUint64(viewOf(reader.read(0, 8)), 0);
  if (length > mostHeaderBytes) throw new RangeError(`its header claims ${length} bytes`);
  const start = 8 + length;
  const tensors = Object.entries(parseHeader(reader.read(8, length)))
    .filter(([name]) => name !== '__metadata__')
    .map(([name, value]) => toTensor(name, value, start))
    .sort((left, right) => left.offset - right.offset || left.size - right.size);
  let end = start;
  for (const { name, offset, size } of tensors) {
    if (offset !== end) throw new RangeError(`${name} begins at ${offset}, and should at ${end}`);
    end += size;
  }
  if (end > reader.size) throw new RangeError(`it is cut short: ${reader.size} bytes, and its header needs ${end}`);
  if (end < reader.size) throw new RangeError(`it has ${reader.size - end} bytes more than its header knows of`);
  return tensors;
}

function parseHeader(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch (error) {
    throw new RangeError(`its header is no JSON (${(error as Error).message})`, { cause: error });
  }
  throw new RangeError('its header is no JSON object');
}

function toTensor(name: string, value: unknown, start: number): SafeTensor {
  const { dtype, shape, data_offsets: offsets } = (value ?? {}) as Readonly<Record<string, unknown>>;
  const isWhole = typeof dtype === 'string' && isCounts(shape) && isCounts(offsets) && offsets.length === 2;
  if (!isWhole) throw new RangeError(`its header is wrong about ${name}`);
  const [begin, end] = offsets as [number, number];
  const width = bits[dtype];
  const expected = width === undefined ? end - begin : (shape.reduce((count, one) => count * one, 1) * width) / 8;
  if (end - begin !== expected) throw new RangeError(`${name} has ${end - begin} bytes for ${dtype} [${shape}]`);
  return { name, dtype, shape, offset: start + begin, size: end - begin };
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((one) => Number.isSafeInteger(one) && one >= 0);
}
