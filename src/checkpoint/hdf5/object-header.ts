import { type PositionedReader, readUint64, viewOf } from '../foreign/positioned-reader.js';

/** A message of an object header: its type (specification IV.A.2) and content. */
export interface Message {
  readonly type: number;
  readonly data: Uint8Array<ArrayBuffer>;
}

export const messageTypes = {
  dataspace: 0x01,
  linkInfo: 0x02,
  datatype: 0x03,
  link: 0x06,
  layout: 0x08,
  filters: 0x0b,
  attribute: 0x0c,
  continuation: 0x10,
  symbolTable: 0x11,
} as const;

const mostBlocks = 4096;

/** An address, or undefined for the one that means "none". */
export function readAddress(view: DataView, offset: number): number | undefined {
  return view.getBigUint64(offset, true) === 0xffff_ffff_ffff_ffffn ? undefined : readUint64(view, offset);
}

/** Reads an object header of either version with its continuations. @throws RangeError */
export function readMessages(reader: PositionedReader, address: number): Message[] {
  const head = reader.read(address, 16);
  if (head[0] === 1) return readFirstVersion(reader, address, viewOf(head));
  if (Buffer.from(head.subarray(0, 4)).toString('latin1') === 'OHDR') return readSecondVersion(reader, address, head);
  throw new RangeError(`there is no object at ${address}`);
}

/** Part of the file that holds messages. */
interface Block {
  readonly start: number;
  readonly length: number;
}

function readFirstVersion(reader: PositionedReader, address: number, head: DataView): Message[] {
  return readBlocks(reader, { start: address + 16, length: head.getUint32(8, true) }, (bytes) => {
    const view = viewOf(bytes);
    const messages: Message[] = [];
    for (let at = 0; at + 8 <= bytes.length; ) {
      const length = view.getUint16(at + 2, true);
      messages.push({ type: view.getUint16(at, true), data: bytes.slice(at + 8, at + 8 + length) });
      at += 8 + length;
    }
    return messages;
  });
}

function readSecondVersion(reader: PositionedReader, address: number, head: Uint8Array): Message[] {
  const flags = head[5] ?? 0;
  const sizeBytes = 1 << (flags & 3);
  const sizeAt = 6 + (flags & 0x20 ? 16 : 0) + (flags & 0x10 ? 4 : 0);
  const sizeField = new Uint8Array(8);
  sizeField.set(reader.read(address + sizeAt, sizeBytes));
  const headerBytes = flags & 4 ? 6 : 4;
  const first = { start: address + sizeAt + sizeBytes, length: readUint64(viewOf(sizeField), 0) };
  return readBlocks(reader, first, (bytes, isFirst) => {
    const view = viewOf(bytes);
    const messages: Message[] = [];
    // A continuation begins with OCHK and, like the first block does after its end, ends with a checksum.
    const end = isFirst ? bytes.length : bytes.length - 4;
    for (let at = isFirst ? 0 : 4; at + headerBytes <= end; ) {
      const length = view.getUint16(at + 1, true);
      messages.push({ type: view.getUint8(at), data: bytes.slice(at + headerBytes, at + headerBytes + length) });
      at += headerBytes + length;
    }
    return messages;
  });
}

function readBlocks(
  reader: PositionedReader,
  first: Block,
  parse: (bytes: Uint8Array<ArrayBuffer>, isFirst: boolean) => Message[],
): Message[] {
  const messages: Message[] = [];
  const blocks = [first];
  for (let index = 0; index < blocks.length; index++) {
    if (blocks.length > mostBlocks) throw new RangeError('an object header goes on without end');
    const { start, length } = blocks[index] as Block;
    for (const message of parse(reader.read(start, length), index === 0)) {
      if (message.type !== messageTypes.continuation) messages.push(message);
      else blocks.push({ start: readUint64(viewOf(message.data), 0), length: readUint64(viewOf(message.data), 8) });
    }
  }
  return messages;
}
