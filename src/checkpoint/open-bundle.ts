import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { SuperviseError, systemErrorCode } from '../protocol/index.js';
import { type BundleEntry, decodeEntry, decodeHeader, elementBytes, elementCount } from './bundle-entry.js';
import type { TensorData } from './bundle-types.js';
import { checksum, maskChecksum } from './crc.js';
import { readVarint } from './protobuf.js';
import { decodeTable } from './table.js';
import { dataPath, indexPath } from './write-bundle.js';

/** An open checkpoint. Tensors are read one at a time, each checked against its CRC32C. */
export interface Bundle {
  readonly path: string;
  /** Names in the order of the index. */
  readonly names: readonly string[];
  readonly entries: ReadonlyMap<string, BundleEntry>;
  readonly has: (name: string) => boolean;
  /** Reads one tensor. @throws CHECKPOINT_CORRUPT when its bytes do not match */
  readonly read: (name: string) => TensorData;
  readonly close: () => void;
}

/**
 * Opens the TensorFlow V2 checkpoint `prefix` (without `.index`); checks the index and the sizes of the data files.
 * @throws CHECKPOINT_MISSING, CHECKPOINT_CORRUPT naming file and tensor
 */
export function openBundle(prefix: string): Bundle {
  const { shards, entries } = readIndex(prefix);
  const files = openShards(prefix, shards);
  try {
    assertInside(prefix, entries, files);
  } catch (error) {
    closeAll(files);
    throw error;
  }
  return {
    path: prefix,
    names: [...entries.keys()],
    entries,
    has: (name) => entries.has(name),
    read: (name) => {
      const entry = entries.get(name);
      if (entry === undefined)
        throw new SuperviseError('CHECKPOINT_MISMATCH', { what: `there is no tensor ${name}`, where: prefix });
      return readTensor(prefix, name, entry, files[entry.shard] as Shard);
    },
    close: () => closeAll(files),
  };
}

interface Shard {
  readonly path: string;
  readonly file: number;
  readonly size: number;
}

function readIndex(prefix: string) {
  const path = indexPath(prefix);
  const bytes = readWhole(path);
  return corruptOnRangeError(path, () => {
    const [header, ...rest] = decodeTable(bytes);
    if (header === undefined || header[0].length > 0) throw new RangeError('its header is missing');
    const { shards } = decodeHeader(header[1]);
    if (shards < 1 || shards > 10_000) throw new RangeError(`it claims ${shards} data files`);
    const entries = rest.map(([key, value]) => [Buffer.from(key).toString(), decodeEntry(value)] as const);
    return { shards, entries: new Map(entries) };
  });
}

function openShards(prefix: string, shards: number): Shard[] {
  const opened: Shard[] = [];
  try {
    for (let shard = 0; shard < shards; shard++) {
      const path = dataPath(prefix, shard, shards);
      const file = openOrMissing(path);
      opened.push({ path, file, size: fstatSync(file).size });
    }
    return opened;
  } catch (error) {
    closeAll(opened);
    throw error;
  }
}

function assertInside(prefix: string, entries: ReadonlyMap<string, BundleEntry>, files: readonly Shard[]): void {
  for (const [name, entry] of entries) {
    const shard = files[entry.shard];
    if (shard === undefined) throw corrupt(indexPath(prefix), `${name} is said to be in data file ${entry.shard}`);
    if (entry.offset + entry.size > shard.size)
      throw corrupt(shard.path, `it ends before ${name} does (${shard.size} bytes)`);
    const expected = entry.dtype === 'string' ? entry.size : elementCount(entry.shape) * elementBytes[entry.dtype];
    if (entry.size !== expected)
      throw corrupt(indexPath(prefix), `${name} has ${entry.size} bytes for ${entry.dtype} [${entry.shape}]`);
    if (entry.dtype === 'string' && elementCount(entry.shape) > entry.size)
      throw corrupt(indexPath(prefix), `${name} has more strings than bytes`);
  }
}

function readTensor(prefix: string, name: string, entry: BundleEntry, shard: Shard): TensorData {
  const bytes = new Uint8Array(entry.size);
  let done = 0;
  while (done < entry.size) {
    const count = readSync(shard.file, bytes, done, entry.size - done, entry.offset + done);
    if (count === 0) throw corrupt(shard.path, `it ends inside ${name}`);
    done += count;
  }
  const tensor = { dtype: entry.dtype, shape: entry.shape };
  if (entry.dtype === 'string') {
    const strings = corruptOnRangeError(shard.path, () => splitStrings(name, bytes, elementCount(entry.shape)));
    if (maskChecksum(strings.crc) !== entry.crc) throw corrupt(shard.path, `${name} does not match its checksum`);
    return { ...tensor, data: strings.data };
  }
  if (maskChecksum(checksum(bytes)) !== entry.crc)
    throw corrupt(shard.path, `${name} (of ${prefix}) does not match its checksum`);
  return { ...tensor, data: bytes };
}

function splitStrings(name: string, bytes: Uint8Array, count: number): { data: Uint8Array[]; crc: number } {
  const cursor = { at: 0 };
  const lengths = Array.from({ length: count }, () => readVarint(bytes, cursor));
  const wide = new Uint8Array(count * 4);
  for (const [index, length] of lengths.entries())
    new DataView(wide.buffer).setUint32(index * 4, length % 2 ** 32, true);
  let at = cursor.at + 4;
  let crc = checksum(bytes.subarray(cursor.at, at), checksum(wide));
  const data = lengths.map((length) => {
    if (at + length > bytes.length) throw new RangeError(`a string of ${name} runs past its end`);
    at += length;
    crc = checksum(bytes.subarray(at - length, at), crc);
    return bytes.subarray(at - length, at);
  });
  if (at !== bytes.length) throw new RangeError(`${name} has ${bytes.length - at} bytes too many`);
  return { data, crc };
}

function readWhole(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    throw missingOr(error, path);
  }
}

function openOrMissing(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (error) {
    throw missingOr(error, path);
  }
}

function missingOr(error: unknown, path: string): unknown {
  if (systemErrorCode(error) !== 'ENOENT') return error;
  return new SuperviseError('CHECKPOINT_MISSING', { what: 'there is no such file', where: path }, { cause: error });
}

function corruptOnRangeError<Value>(path: string, read: () => Value): Value {
  try {
    return read();
  } catch (error) {
    throw error instanceof RangeError ? corrupt(path, error.message, error) : error;
  }
}

function corrupt(path: string, what: string, cause?: unknown): SuperviseError {
  return new SuperviseError('CHECKPOINT_CORRUPT', { what, where: path }, { cause });
}

function closeAll(files: readonly Shard[]): void {
  for (const { file } of files) closeSync(file);
}
