import { readSync } from 'node:fs';
import { SuperviseError } from '../protocol/index.js';
import type { BundleEntry } from './bundle-entry.js';
import { elementCount, type TensorData } from './bundle-types.js';
import { checksum, maskChecksum } from './crc.js';
import { readVarint } from './protobuf.js';
import { createStringChecksum } from './string-checksum.js';

/** An open data file of a checkpoint. */
export interface Shard {
  readonly path: string;
  readonly file: number;
  readonly size: number;
}

/**
 * What is read and summed at a time: small enough that the sum finds it in the processor's cache. The kernel reads ahead of
 * whoever reads in order, while this sums; threads that read ahead overtake each other, and answer later than the page cache.
 */
export const pieceBytes = 1 << 20;

/**
 * Reads one tensor into one array, that of `into` if there is one.
 * @throws CHECKPOINT_CORRUPT when its bytes do not match; CHECKPOINT_MISMATCH when they fit no array of this Node
 */
export function readTensor(name: string, entry: BundleEntry, shard: Shard, into?: Uint8Array): TensorData {
  const bytes = into ?? allocate(name, entry.size, shard);
  readChecked(name, entry, shard, (done) => bytes.subarray(done, done + pieceBytes));
  return finishTensor(entry, bytes);
}

/** The tensor of stored bytes that were checked. */
export function finishTensor({ dtype, shape }: BundleEntry, bytes: Uint8Array): TensorData {
  return { dtype, shape, data: dtype === 'string' ? splitStrings(bytes, elementCount(shape)) : bytes };
}

/** Reads a tensor's bytes and checks them, in the memory of `buffer`. @throws CHECKPOINT_CORRUPT */
export function checkTensor(name: string, entry: BundleEntry, shard: Shard, buffer: Uint8Array): void {
  readChecked(name, entry, shard, (done) => buffer.subarray(0, Math.min(buffer.length, entry.size - done)));
}

/**
 * Yields a tensor's stored bytes in pieces. Each is a view of the same memory, good until the next is asked for.
 * @throws CHECKPOINT_CORRUPT after the last piece, when they do not match: whoever uses them before that uses them unchecked
 */
export function* readChunks(
  name: string,
  entry: BundleEntry,
  shard: Shard,
  chunkBytes: number,
): Generator<Uint8Array, void> {
  const buffer = new Uint8Array(Math.min(chunkBytes, entry.size));
  yield* readPieces(name, entry, shard, (done) => buffer.subarray(0, Math.min(buffer.length, entry.size - done)));
}

function readChecked(name: string, entry: BundleEntry, shard: Shard, target: (done: number) => Uint8Array): void {
  for (const _ of readPieces(name, entry, shard, target));
}

/**
 * Reads a tensor's stored bytes into the memory that `target` gives for the next ones, and yields each piece when it has been read
 * and summed. @throws CHECKPOINT_CORRUPT after the last piece, when they do not match
 */
export function* readPieces(
  name: string,
  entry: BundleEntry,
  shard: Shard,
  target: (done: number) => Uint8Array,
): Generator<Uint8Array, void> {
  const sum = createSum(entry);
  for (let done = 0; done < entry.size; ) {
    const piece = target(done);
    readFully(name, entry.offset + done, shard, piece);
    sum.add(piece);
    done += piece.length;
    yield piece;
  }
  assertSum(name, entry, shard, sum);
}

/** Sums a tensor's stored bytes piece by piece. */
interface Sum {
  readonly add: (piece: Uint8Array) => void;
  /** The unmasked CRC32C, or why the bytes cannot be what they should. */
  readonly finish: () => number | string;
}

/** Begins a sum, in the way of the tensor's element type. */
function createSum({ dtype, shape, unreadable }: BundleEntry): Sum {
  if (dtype === 'string' && unreadable === undefined) return createStringChecksum(elementCount(shape));
  let crc = 0;
  return {
    add: (piece) => {
      crc = checksum(piece, crc);
    },
    finish: () => crc,
  };
}

/** @throws CHECKPOINT_CORRUPT when a sum is not the one in the index */
function assertSum(name: string, { crc }: BundleEntry, { path }: Shard, sum: Sum): void {
  const found = sum.finish();
  if (typeof found === 'string') throw corrupt(path, `${name} ${found}`);
  if (maskChecksum(found) !== crc) throw corrupt(path, `${name} does not match its checksum`);
}

function readFully(name: string, position: number, shard: Shard, piece: Uint8Array): void {
  for (let done = 0; done < piece.length; ) {
    const count = readSync(shard.file, piece, done, piece.length - done, position + done);
    if (count === 0) throw truncated(name, shard);
    done += count;
  }
}

/** Memory for a tensor's bytes. @throws CHECKPOINT_MISMATCH when they fit no array of this Node */
export function allocate(name: string, size: number, shard: Shard): Uint8Array {
  try {
    // Not cleared first: all of it is read, or nobody gets it.
    return new Uint8Array(Buffer.allocUnsafeSlow(size).buffer);
  } catch (error) {
    throw new SuperviseError(
      'CHECKPOINT_MISMATCH',
      { what: `${name} has ${size} bytes, more than Node ${process.version} can hold in one array`, where: shard.path },
      { cause: error },
    );
  }
}

/** The strings of a tensor whose checksum is right: their lengths as varints, the checksum of the lengths, then their bytes. */
function splitStrings(bytes: Uint8Array, count: number): Uint8Array[] {
  const cursor = { at: 0 };
  const lengths = Array.from({ length: count }, () => readVarint(bytes, cursor));
  let at = cursor.at + 4;
  return lengths.map((length) => {
    at += length;
    return bytes.subarray(at - length, at);
  });
}

/** The error for a data file that ends too early. */
function truncated(name: string, { path }: Shard): SuperviseError {
  return corrupt(path, `it ends inside ${name}`);
}

function corrupt(path: string, what: string): SuperviseError {
  return new SuperviseError('CHECKPOINT_CORRUPT', { what, where: path });
}
