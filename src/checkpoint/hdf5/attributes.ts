import { elementCount } from '../bundle-types.js';
import { type PositionedReader, readUint64, viewOf } from '../foreign/positioned-reader.js';
import { parseDataspace, parseDatatype } from './datatype.js';
import { readSigned } from './group.js';
import { type Message, messageTypes } from './object-header.js';

const mostStrings = 1_000_000;

/** The attributes of an object that are strings or lists of strings, by name (specification IV.A.2.m). @throws RangeError */
export function readAttributes(
  reader: PositionedReader,
  messages: readonly Message[],
): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  for (const { type, data } of messages) {
    if (type !== messageTypes.attribute) continue;
    const { name, datatype, dataspace, values } = takeApart(data);
    const element = parseDatatype(datatype);
    if (element.kind !== 'string') continue;
    const count = elementCount(parseDataspace(dataspace));
    if (count > mostStrings || count * element.size > values.length)
      throw new RangeError(`the attribute ${name} claims ${count} strings`);
    const read = element.isVariable
      ? (at: number) => readHeapString(reader, values, at)
      : fixedReader(values, element.size);
    found.set(
      name,
      Array.from({ length: count }, (_, index) => read(index * element.size)),
    );
  }
  return found;
}

function takeApart(data: Uint8Array<ArrayBuffer>) {
  const view = viewOf(data);
  const version = view.getUint8(0);
  // Version 1 pads each part to a multiple of 8; version 3 has the name's encoding in front of it.
  const padded = (length: number) => (version === 1 ? Math.ceil(length / 8) * 8 : length);
  const lengths = [2, 4, 6].map((at) => view.getUint16(at, true));
  let at = version === 3 ? 9 : 8;
  const [name, datatype, dataspace] = lengths.map((length) => {
    const part = data.subarray(at, at + length);
    at += padded(length);
    return part;
  }) as [Uint8Array, Uint8Array, Uint8Array];
  return { name: toText(name), datatype, dataspace, values: data.subarray(at) };
}

function fixedReader(values: Uint8Array, size: number): (at: number) => string {
  return (at) => toText(values.subarray(at, at + size));
}

/** A string of any length: its length, and where in a global heap (specification III.E) it is. */
function readHeapString(reader: PositionedReader, values: Uint8Array, at: number): string {
  const view = viewOf(values);
  const [length, collection, wanted] = [
    view.getUint32(at, true),
    readUint64(view, at + 4),
    view.getUint32(at + 12, true),
  ];
  if (length === 0) return '';
  const heapBytes = readUint64(viewOf(readSigned(reader, collection, 'GCOL', 16)), 8);
  const heap = reader.read(collection, heapBytes);
  const heapView = viewOf(heap);
  for (let object = 16; object + 16 <= heap.length; ) {
    const [index, size] = [heapView.getUint16(object, true), readUint64(heapView, object + 8)];
    if (index === wanted) return toText(heap.subarray(object + 16, object + 16 + Math.min(length, size)));
    if (index === 0) break;
    object += 16 + Math.ceil(size / 8) * 8;
  }
  throw new RangeError(`a string is not in the heap at ${collection}`);
}

function toText(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString('utf8');
  const end = text.indexOf('\0');
  return end < 0 ? text : text.slice(0, end);
}
