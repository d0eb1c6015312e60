import { type BundleEntry, encodeEntry, encodeHeader } from './bundle-entry.js';
import { elementBytes, elementCount, type TensorSource } from './bundle-types.js';
import { checksum, maskChecksum } from './crc.js';
import { type FileOps, realFiles, replaceFileSteps } from './file-ops.js';
import { gatherSmall } from './gather-small.js';
import { pushVarint } from './protobuf.js';
import { runSteps, runStepsInTurns, type Steps } from './steps.js';
import { encodeTable } from './table.js';

/** Path of a data file of a checkpoint; we write one. */
export function dataPath(prefix: string, shard = 0, shards = 1): string {
  return `${prefix}.data-${pad(shard)}-of-${pad(shards)}`;
}

/** Path of a checkpoint's index. */
export function indexPath(prefix: string): string {
  return `${prefix}.index`;
}

/**
 * Writes tensors as a TensorFlow V2 checkpoint (tensor bundle, tensor_bundle.proto): `<prefix>.data-00000-of-00001`, flushed,
 * then `<prefix>.index`, flushed. Each tensor is asked for when the one before it is written, and written in pieces, so that
 * no more than one has to be in memory. Returns the bytes written.
 * @throws RangeError when a tensor's bytes do not fit its shape or two have the same name; the system error when a file
 * cannot be written
 */
export function writeBundle(
  prefix: string,
  tensors: Iterable<readonly [string, TensorSource]>,
  files: FileOps = realFiles,
): number {
  return runSteps(writeBundleSteps(prefix, tensors, files));
}

/**
 * The same with turns of the event loop in between, in which the disk is told to begin with what is already written: the way for
 * a thread that has nothing else to do. Throws what `writeBundle` throws.
 */
export function writeBundleAsync(
  prefix: string,
  tensors: Iterable<readonly [string, TensorSource]>,
  files: FileOps = realFiles,
): Promise<number> {
  return runStepsInTurns(writeBundleSteps(prefix, tensors, files));
}

/** The steps of both, one for each piece that is written. */
export function* writeBundleSteps(
  prefix: string,
  tensors: Iterable<readonly [string, TensorSource]>,
  files: FileOps,
): Steps<number> {
  const entries = new Map<string, BundleEntry>();
  function* dataParts(): Generator<Uint8Array> {
    let offset = 0;
    for (const [name, tensor] of tensors) {
      if (entries.has(name)) throw new RangeError(`two tensors are called ${name}`);
      const { size, crc } = yield* layOut(name, tensor);
      const place = { shard: 0, offset, size, crc: maskChecksum(crc) };
      entries.set(name, { dtype: tensor.dtype, shape: tensor.shape, ...place });
      offset += size;
    }
  }
  yield* replaceFileSteps(files, dataPath(prefix), gatherSmall(dataParts()));
  const index = encodeIndex(entries);
  yield* replaceFileSteps(files, indexPath(prefix), [index]);
  return [...entries.values()].reduce((total, { size }) => total + size, index.length);
}

function encodeIndex(entries: ReadonlyMap<string, BundleEntry>): Uint8Array {
  const rows = [...entries].map(([name, entry]) => [Buffer.from(name), encodeEntry(entry)] as const);
  rows.sort(([left], [right]) => Buffer.compare(left, right));
  return encodeTable([[new Uint8Array(), encodeHeader(1)], ...rows]);
}

/** Yields a tensor's bytes, and returns how many they were, with their CRC32C. */
function layOut(name: string, { dtype, shape, data }: TensorSource): Layout {
  if (dtype === 'string') return layOutStrings(name, shape, [...(data as Iterable<Uint8Array>)]);
  const pieces = data instanceof Uint8Array ? [data] : data;
  return layOutPieces(pieces, (size) => {
    const expected = elementCount(shape) * elementBytes[dtype];
    if (size !== expected) throw new RangeError(`${name}: ${size} bytes for ${dtype} [${shape}], expected ${expected}`);
  });
}

type Layout = Generator<Uint8Array, { readonly size: number; readonly crc: number }>;

/** Summed just before it is written: what fits the processor's cache is read from memory once. */
const pieceBytes = 1 << 20;

function* layOutPieces(pieces: Iterable<Uint8Array>, assertSize: (size: number) => void): Layout {
  let [size, crc] = [0, 0];
  for (const piece of pieces) {
    for (let at = 0; at < piece.length; at += pieceBytes) {
      const part = piece.subarray(at, at + pieceBytes);
      crc = checksum(part, crc);
      yield part;
    }
    size += piece.length;
  }
  assertSize(size);
  return { size, crc };
}

/** Strings: their lengths as varints, a masked CRC of the lengths (as uint32), then the bytes (WriteStringTensor, tensor_bundle.cc). */
function* layOutStrings(name: string, shape: readonly number[], strings: readonly Uint8Array[]): Layout {
  const expected = elementCount(shape);
  if (strings.length !== expected)
    throw new RangeError(`${name}: ${strings.length} strings for [${shape}], expected ${expected}`);
  const lengths: number[] = [];
  const wide = new Uint8Array(strings.length * 4);
  for (const [index, { length }] of strings.entries()) {
    pushVarint(lengths, length);
    new DataView(wide.buffer).setUint32(index * 4, length, true);
  }
  const lengthsCrc = checksum(wide);
  const stored = new Uint8Array(4);
  new DataView(stored.buffer).setUint32(0, maskChecksum(lengthsCrc), true);
  let crc = checksum(stored, lengthsCrc);
  let size = lengths.length + stored.length;
  yield Uint8Array.from(lengths);
  yield stored;
  for (const string of strings) {
    crc = checksum(string, crc);
    size += string.length;
    yield string;
  }
  return { size, crc };
}

function pad(number: number): string {
  return String(number).padStart(5, '0');
}
