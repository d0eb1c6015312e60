import { checksum, maskChecksum } from './crc.js';
import { pushVarint, readVarint } from './protobuf.js';
import { decompressSnappy } from './snappy.js';

/** A key with its value; keys are compared byte by byte. */
export type TableEntry = readonly [key: Uint8Array, value: Uint8Array];

const footerBytes = 48;
const trailerBytes = 5;
const blockBytes = 256 * 1024;
const restartInterval = 16;
const magic = [0xdb477524, 0x8b80fb57] as const;

/**
 * Serializes sorted entries as an immutable table in LevelDB's format: data blocks, an empty metaindex, an index block and
 * a footer; each block ends with its compression type (0) and masked CRC32C.
 */
export function encodeTable(entries: Iterable<TableEntry>): Uint8Array {
  const parts: Uint8Array[] = [];
  let offset = 0;
  const emit = (block: Uint8Array): Uint8Array => {
    const handle: number[] = [];
    pushVarint(handle, offset);
    pushVarint(handle, block.length);
    parts.push(block, blockTrailer(block));
    offset += block.length + trailerBytes;
    return Uint8Array.from(handle);
  };
  const index = createBlock();
  for (const [lastKey, block] of dataBlocks(entries)) index.add(lastKey, emit(block));
  const footer = new Uint8Array(footerBytes);
  footer.set(Buffer.concat([emit(createBlock().finish()), emit(index.finish())]));
  new DataView(footer.buffer).setUint32(40, magic[1], true);
  new DataView(footer.buffer).setUint32(44, magic[0], true);
  return Buffer.concat([...parts, footer]);
}

/**
 * Lists the entries of a table in order.
 * @throws RangeError naming what is wrong: magic, checksum of a block, or its structure
 */
export function decodeTable(bytes: Uint8Array): TableEntry[] {
  return listBlocks(bytes).data.flatMap((handle, number) =>
    decodeBlock(checkedBlock(bytes, handle, `block ${number}`)),
  );
}

/** Where the blocks of a table lie. @throws RangeError like `decodeTable`, for all but the data blocks */
export function listBlocks(bytes: Uint8Array): {
  readonly data: Handle[];
  readonly meta: Handle;
  readonly index: Handle;
} {
  if (bytes.length < footerBytes) throw new RangeError(`${bytes.length} bytes are too few for a table`);
  const footer = bytes.subarray(bytes.length - footerBytes);
  const view = new DataView(footer.buffer, footer.byteOffset, footerBytes);
  if (view.getUint32(40, true) !== magic[1] || view.getUint32(44, true) !== magic[0]) {
    throw new RangeError('it does not end with the magic number of a table');
  }
  const cursor = { at: 0 };
  const meta = readHandle(footer, cursor);
  checkedBlock(bytes, meta, 'the metaindex block');
  const index = readHandle(footer, cursor);
  const rows = decodeBlock(checkedBlock(bytes, index, 'the index block'));
  if (footer.subarray(cursor.at, 40).some((byte) => byte !== 0)) throw new RangeError('its footer is damaged');
  return { data: rows.map(([, handle]) => readHandle(handle, { at: 0 })), meta, index };
}

function* dataBlocks(entries: Iterable<TableEntry>): Generator<TableEntry> {
  let block = createBlock();
  let last: Uint8Array | undefined;
  for (const [key, value] of entries) {
    block.add(key, value);
    last = key;
    if (block.size() < blockBytes) continue;
    yield [key, block.finish()];
    block = createBlock();
    last = undefined;
  }
  if (last !== undefined) yield [last, block.finish()];
}

function createBlock() {
  const parts: Uint8Array[] = [];
  const restarts: number[] = [];
  let size = 0;
  let count = 0;
  let previous = new Uint8Array();
  return {
    size: () => size,
    add: (key: Uint8Array, value: Uint8Array) => {
      const isRestart = count++ % restartInterval === 0;
      if (isRestart) restarts.push(size);
      const shared = isRestart ? 0 : sharedPrefix(previous, key);
      const lengths: number[] = [];
      for (const length of [shared, key.length - shared, value.length]) pushVarint(lengths, length);
      const entry = Buffer.concat([Uint8Array.from(lengths), key.subarray(shared), value]);
      parts.push(entry);
      size += entry.length;
      previous = Uint8Array.from(key);
    },
    finish: (): Uint8Array => {
      const positions = restarts.length === 0 ? [0] : restarts;
      return Buffer.concat([...parts, uint32s([...positions, positions.length])]);
    },
  };
}

function decodeBlock(block: Uint8Array): TableEntry[] {
  const view = new DataView(block.buffer, block.byteOffset, block.length);
  const restarts = block.length >= 4 ? view.getUint32(block.length - 4, true) : 0;
  const end = block.length - 4 - 4 * restarts;
  if (end < 0) throw new RangeError('a block has more restart points than room');
  const entries: TableEntry[] = [];
  const cursor = { at: 0 };
  let key: Uint8Array = new Uint8Array();
  while (cursor.at < end) {
    const [shared, fresh, length] = [readVarint(block, cursor), readVarint(block, cursor), readVarint(block, cursor)];
    if (shared > key.length || cursor.at + fresh + length > end) throw new RangeError('an entry runs past its block');
    key = Buffer.concat([key.subarray(0, shared), block.subarray(cursor.at, cursor.at + fresh)]);
    entries.push([key, block.subarray(cursor.at + fresh, cursor.at + fresh + length)]);
    cursor.at += fresh + length;
  }
  return entries;
}

function checkedBlock(bytes: Uint8Array, { offset, size }: Handle, what: string): Uint8Array {
  if (offset + size + trailerBytes > bytes.length - footerBytes) throw new RangeError(`${what} runs past the end`);
  const stored = new DataView(bytes.buffer, bytes.byteOffset + offset + size + 1, 4).getUint32(0, true);
  if (maskChecksum(checksum(bytes.subarray(offset, offset + size + 1))) !== stored) {
    throw new RangeError(`${what} does not match its checksum`);
  }
  const block = bytes.subarray(offset, offset + size);
  const compression = bytes[offset + size];
  if (compression === 0) return block;
  if (compression === 1) return decompressSnappy(block);
  throw new RangeError(`${what} is compressed (type ${compression}), which is not supported`);
}

/** Place of a block in the file; its compression type and checksum (5 bytes) follow it. */
export interface Handle {
  readonly offset: number;
  readonly size: number;
}

function readHandle(bytes: Uint8Array, cursor: { at: number }): Handle {
  return { offset: readVarint(bytes, cursor), size: readVarint(bytes, cursor) };
}

function blockTrailer(block: Uint8Array): Uint8Array {
  const crc = checksum(Uint8Array.of(0), checksum(block));
  return Buffer.concat([Uint8Array.of(0), uint32s([maskChecksum(crc)])]);
}

function uint32s(values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  for (const [index, value] of values.entries()) view.setUint32(index * 4, value, true);
  return bytes;
}

function sharedPrefix(left: Uint8Array, right: Uint8Array): number {
  const most = Math.min(left.length, right.length);
  let length = 0;
  while (length < most && left[length] === right[length]) length++;
  return length;
}
