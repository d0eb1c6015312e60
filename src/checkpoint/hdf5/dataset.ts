import { elementCount, type NumericDType } from '../bundle-types.js';
import { type PositionedReader, readUint64, viewOf } from '../foreign/positioned-reader.js';
import type { TensorInfo } from '../tensor-info.js';
import { type ChunkedLayout, readChunked } from './chunks.js';
import { parseDataspace, parseDatatype } from './datatype.js';
import { parseFilters } from './filters.js';
import { type Message, messageTypes, readAddress } from './object-header.js';

/** Where a dataset's bytes are. */
type Layout =
  | { readonly kind: 'compact'; readonly bytes: Uint8Array }
  | { readonly kind: 'contiguous'; readonly address: number | undefined }
  | ChunkedLayout;

/** A dataset without its values. */
export interface Dataset extends TensorInfo {
  readonly dtype: NumericDType;
  readonly layout: Layout | undefined;
}

/** What the header of an object says about a dataset; undefined for a group. */
export function describeDataset(messages: readonly Message[]): Dataset | undefined {
  const find = (type: number) => messages.find((message) => message.type === type)?.data;
  const [space, type, layout] = [messageTypes.dataspace, messageTypes.datatype, messageTypes.layout].map(find);
  if (space === undefined || type === undefined || layout === undefined) return undefined;
  const shape = parseDataspace(space);
  const element = parseDatatype(type);
  const size = elementCount(shape) * element.size;
  if (element.kind !== 'number') {
    const name = element.kind === 'string' ? 'strings' : element.name;
    return { dtype: 'uint8', shape, size, layout: undefined, unreadable: `elements of the type ${name} are not read` };
  }
  const parsed = parseLayout(layout, find(messageTypes.filters), element.size);
  return typeof parsed === 'string'
    ? { dtype: element.dtype, shape, size, layout: undefined, unreadable: parsed }
    : { dtype: element.dtype, shape, size, layout: parsed };
}

/** Reads all values, row-major and little-endian. @throws RangeError */
export function readDataset(reader: PositionedReader, name: string, dataset: Dataset): Uint8Array {
  const { layout, size, shape, unreadable } = dataset;
  if (layout === undefined) throw new RangeError(`${name}: ${unreadable}`);
  if (layout.kind === 'compact') {
    if (layout.bytes.length < size) throw new RangeError(`${name} has ${layout.bytes.length} of ${size} bytes`);
    return layout.bytes.slice(0, size);
  }
  if (size > reader.size && layout.kind === 'contiguous' && layout.address !== undefined)
    throw new RangeError(`${name} claims ${size} bytes`);
  if (layout.kind === 'chunked') return readChunked(reader, layout, shape, size);
  const bytes = new Uint8Array(size);
  // What was never written is zero.
  if (layout.address === undefined) return bytes;
  let done = 0;
  for (const piece of reader.pieces(layout.address, size)) {
    bytes.set(piece, done);
    done += piece.length;
  }
  return bytes;
}

/** Parses a layout message (specification IV.A.2.i); a string says what is not read. */
function parseLayout(data: Uint8Array, filters: Uint8Array | undefined, elementSize: number): Layout | string {
  const view = viewOf(data);
  const [version, kind] = [view.getUint8(0), view.getUint8(1)];
  if (version < 3) return `a layout of version ${version} is not read`;
  if (kind === 0) return { kind: 'compact', bytes: data.slice(4, 4 + view.getUint16(2, true)) };
  if (kind === 1) return { kind: 'contiguous', address: readAddress(view, 2) };
  if (kind !== 2 || version > 3) return `a layout of version ${version} and class ${kind} is not read`;
  const axes = view.getUint8(2) - 1;
  const chunk = Array.from({ length: axes }, (_, axis) => view.getUint32(11 + 4 * axis, true));
  const steps = filters === undefined ? [] : parseFilters(filters);
  if (typeof steps === 'string') return steps;
  const root = readAddress(view, 3);
  return { kind: 'chunked', root: root === undefined ? undefined : readUint64(view, 3), chunk, elementSize, steps };
}
