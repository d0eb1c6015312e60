import { type BundleEntry, elementBytes, elementCount, encodeEntry, encodeHeader } from './bundle-entry.js';
import type { TensorData } from './bundle-types.js';
import { checksum, maskChecksum } from './crc.js';
import { type FileOps, realFiles, replaceFile } from './file-ops.js';
import { pushVarint } from './protobuf.js';
import { encodeTable } from './table.js';

/** Path of the only data file of a checkpoint that we write. */
export function dataPath(prefix: string, shard = 0, shards = 1): string {
  return `${prefix}.data-${pad(shard)}-of-${pad(shards)}`;
}

/** Path of a checkpoint's index. */
export function indexPath(prefix: string): string {
  return `${prefix}.index`;
}

/**
 * Writes tensors as a TensorFlow V2 checkpoint (tensor bundle, tensor_bundle.proto): `<prefix>.data-00000-of-00001`, flushed,
 * then `<prefix>.index`, flushed. Tensors are written in the order of their names. Returns the bytes written.
 * @throws RangeError when a tensor's bytes do not fit its shape; the system error when a file cannot be written
 */
export function writeBundle(
  prefix: string,
  tensors: Iterable<readonly [string, TensorData]>,
  files: FileOps = realFiles,
): number {
  const sorted = [...tensors].map(([name, tensor]) => ({ name, key: Buffer.from(name), tensor }));
  sorted.sort((left, right) => Buffer.compare(left.key, right.key));
  const entries: [Uint8Array, Uint8Array][] = [[new Uint8Array(), encodeHeader(1)]];
  let offset = 0;
  function* dataParts(): Generator<Uint8Array> {
    for (const { name, key, tensor } of sorted) {
      const { parts, entry } = layOut(name, tensor, offset);
      entries.push([key, encodeEntry(entry)]);
      offset += entry.size;
      yield* parts;
    }
  }
  replaceFile(files, dataPath(prefix), dataParts());
  const index = encodeTable(entries);
  replaceFile(files, indexPath(prefix), [index]);
  return offset + index.length;
}

function layOut(name: string, tensor: TensorData, offset: number): { parts: Uint8Array[]; entry: BundleEntry } {
  const { parts, crc } =
    tensor.data instanceof Uint8Array ? numericParts(name, tensor, tensor.data) : stringParts(tensor.data);
  const size = parts.reduce((total, part) => total + part.length, 0);
  return { parts, entry: { dtype: tensor.dtype, shape: tensor.shape, shard: 0, offset, size, crc: maskChecksum(crc) } };
}

function numericParts(name: string, { dtype, shape }: TensorData, data: Uint8Array) {
  const expected = dtype === 'string' ? -1 : elementCount(shape) * elementBytes[dtype];
  if (data.length !== expected)
    throw new RangeError(`${name}: ${data.length} bytes for ${dtype} [${shape}], expected ${expected}`);
  return { parts: [data], crc: checksum(data) };
}

/** Strings: their lengths as varints, a masked CRC of the lengths (as uint32), then the bytes (WriteStringTensor, tensor_bundle.cc). */
function stringParts(strings: readonly Uint8Array[]) {
  const lengths: number[] = [];
  const wide = new Uint8Array(strings.length * 4);
  for (const [index, { length }] of strings.entries()) {
    pushVarint(lengths, length);
    new DataView(wide.buffer).setUint32(index * 4, length, true);
  }
  const lengthsCrc = checksum(wide);
  const stored = new Uint8Array(4);
  new DataView(stored.buffer).setUint32(0, maskChecksum(lengthsCrc), true);
  const crc = strings.reduce((sofar, string) => checksum(string, sofar), checksum(stored, lengthsCrc));
  return { parts: [Uint8Array.from(lengths), stored, ...strings], crc };
}

function pad(number: number): string {
  return String(number).padStart(5, '0');
}
