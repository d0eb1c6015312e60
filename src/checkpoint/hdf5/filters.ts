import { inflateSync } from 'node:zlib';
import { viewOf } from '../foreign/positioned-reader.js';

/** A step by which a chunk was packed: zlib, shuffled bytes, or a checksum at its end. */
export type Filter = 'deflate' | 'shuffle' | 'fletcher32';

const filters: Readonly<Record<number, Filter>> = { 1: 'deflate', 2: 'shuffle', 3: 'fletcher32' };

/** Parses a filter pipeline message (specification IV.A.2.l); a string says what is not read. */
export function parseFilters(data: Uint8Array): Filter[] | string {
  const view = viewOf(data);
  const [version, count] = [view.getUint8(0), view.getUint8(1)];
  const found: Filter[] = [];
  for (let at = version === 1 ? 8 : 2; found.length < count; ) {
    const id = view.getUint16(at, true);
    const filter = filters[id];
    if (filter === undefined) return `chunks packed by filter ${id} are not read`;
    found.push(filter);
    const hasName = version === 1 || id >= 256;
    const nameBytes = hasName ? view.getUint16(at + 2, true) : 0;
    const values = view.getUint16(at + (hasName ? 6 : 4), true);
    const padding = version === 1 && values % 2 === 1 ? 4 : 0;
    at += (hasName ? 8 : 6) + (version === 1 ? Math.ceil(nameBytes / 8) * 8 : nameBytes) + 4 * values + padding;
  }
  return found;
}

/** Unpacks a chunk; bit i of `skipped` says that step i was left out for it. @throws RangeError */
export function unpack(
  packed: Uint8Array,
  steps: readonly Filter[],
  skipped: number,
  elementSize: number,
  size: number,
): Uint8Array {
  return steps.reduceRight((bytes, step, index) => {
    if ((skipped >> index) & 1) return bytes;
    if (step === 'fletcher32') return bytes.subarray(0, bytes.length - 4);
    return step === 'shuffle' ? unshuffle(bytes, elementSize) : inflate(bytes, size);
  }, packed);
}

function inflate(bytes: Uint8Array, size: number): Uint8Array {
  try {
    // A checksum may follow the values.
    return inflateSync(bytes, { maxOutputLength: size + 4 });
  } catch (error) {
    throw new RangeError(`a chunk does not unpack: ${(error as Error).message}`, { cause: error });
  }
}

/** Undoes the order in which the first bytes of all elements come first, then the second ones, … */
function unshuffle(bytes: Uint8Array, elementSize: number): Uint8Array {
  const count = Math.floor(bytes.length / elementSize);
  // A copy: the `slice` of a Buffer, which zlib returns, is a view.
  const out = new Uint8Array(bytes);
  for (let byte = 0; byte < elementSize; byte++)
    for (let element = 0; element < count; element++)
      out[element * elementSize + byte] = bytes[byte * count + element] as number;
  return out;
}
