import { type PositionedReader, readUint64, viewOf } from '../foreign/positioned-reader.js';
import { type Message, messageTypes, readAddress } from './object-header.js';

const mostNodes = 100_000;

/** Name and address of everything that a group holds through hard links. @throws RangeError for what is not read */
export function listLinks(reader: PositionedReader, messages: readonly Message[]): [string, number][] {
  const links: [string, number][] = [];
  for (const { type, data } of messages) {
    if (type === messageTypes.symbolTable) links.push(...listTable(reader, viewOf(data)));
    if (type === messageTypes.link) links.push(...parseLink(data));
    if (type === messageTypes.linkInfo) assertCompact(data);
  }
  return links;
}

/** A group as HDF5 has had it from the start: a B-tree of symbol table nodes, names in a heap (specification III.A.1, III.B). */
function listTable(reader: PositionedReader, table: DataView): [string, number][] {
  const heap = viewOf(readSigned(reader, readUint64(table, 8), 'HEAP', 32));
  const [heapLength, heapStart] = [readUint64(heap, 8), readUint64(heap, 24)];
  const names = Buffer.from(reader.read(heapStart, heapLength));
  const nameAt = (offset: number) => names.toString('utf8', offset, names.indexOf(0, offset));
  const links: [string, number][] = [];
  for (const node of leavesOf(reader, readUint64(table, 0))) {
    const count = viewOf(readSigned(reader, node, 'SNOD', 8)).getUint16(6, true);
    const entries = viewOf(reader.read(node + 8, count * 40));
    for (let entry = 0; entry < count; entry++)
      links.push([nameAt(readUint64(entries, entry * 40)), readUint64(entries, entry * 40 + 8)]);
  }
  return links;
}

/** What the lowest nodes of a group's B-tree point at. */
function leavesOf(reader: PositionedReader, root: number): number[] {
  const leaves: number[] = [];
  const open = [root];
  for (let count = 0; open.length > 0; count++) {
    if (count > mostNodes) throw new RangeError('the tree of a group goes on without end');
    const address = open.shift() as number;
    const head = readSigned(reader, address, 'TREE', 24);
    const [level, used] = [head[5] ?? 0, viewOf(head).getUint16(6, true)];
    const pairs = viewOf(reader.read(address + 24, used * 16));
    for (let child = 0; child < used; child++) (level === 0 ? leaves : open).push(readUint64(pairs, child * 16 + 8));
  }
  return leaves;
}

/** A link message (specification IV.A.2.g); other links than hard ones lead nowhere here. */
function parseLink(data: Uint8Array): [string, number][] {
  const view = viewOf(data);
  const flags = view.getUint8(1);
  let at = 2;
  if (flags & 8 && view.getUint8(at++) !== 0) return [];
  if (flags & 4) at += 8;
  if (flags & 0x10) at += 1;
  const length = readLength(view, at, 1 << (flags & 3));
  at += 1 << (flags & 3);
  const name = Buffer.from(data.subarray(at, at + length)).toString('utf8');
  return [[name, readUint64(view, at + length)]];
}

function assertCompact(data: Uint8Array): void {
  const view = viewOf(data);
  const heapAt = 2 + (view.getUint8(1) & 1 ? 8 : 0);
  if (readAddress(view, heapAt) !== undefined)
    throw new RangeError(
      'it keeps the links of a group in a fractal heap, which is not read; save it with libver="earliest"',
    );
}

function readLength(view: DataView, at: number, bytes: number): number {
  if (bytes === 1) return view.getUint8(at);
  if (bytes === 2) return view.getUint16(at, true);
  return bytes === 4 ? view.getUint32(at, true) : readUint64(view, at);
}

/** Bytes that begin with a signature. */
export function readSigned(
  reader: PositionedReader,
  address: number,
  signature: string,
  length: number,
): Uint8Array<ArrayBuffer> {
  const bytes = reader.read(address, length);
  if (Buffer.from(bytes.subarray(0, 4)).toString('latin1') === signature) return bytes;
  throw new RangeError(`there is no ${signature} at ${address}`);
}
