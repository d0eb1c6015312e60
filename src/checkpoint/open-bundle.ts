import { closeSync, fstatSync } from 'node:fs';
import { setImmediate as breathe } from 'node:timers/promises';
import { isNoFile, openRegularFile, readFileBounded, SuperviseError, systemErrorCode } from '../protocol/index.js';
import { type BundleEntry, decodeEntry, decodeHeader } from './bundle-entry.js';
import { elementBytes, elementCount, type TensorData } from './bundle-types.js';
import { inOrderOfFiles } from './file-order.js';
import { readFresh } from './read-fresh.js';
import { checkTensor, pieceBytes, readChunks, readTensor, type Shard } from './read-tensor.js';
import { decodeTable, type TableEntry } from './table.js';
import { dataPath, indexPath } from './write-bundle.js';

/** An open checkpoint. Tensors are read one at a time, each checked against its CRC32C. */
export interface Bundle {
  readonly path: string;
  /** Names in the order of the index. */
  readonly names: readonly string[];
  readonly entries: ReadonlyMap<string, BundleEntry>;
  readonly has: (name: string) => boolean;
  /**
   * Reads one tensor, into `into` if there is one: memory for its stored bytes (`entries.get(name).size`).
   * @throws CHECKPOINT_CORRUPT when its bytes do not match (`into` holds them all the same); RangeError when `into` does not fit
   */
  readonly read: (name: string, into?: Uint8Array) => TensorData;
  /**
   * Reads many tensors in turn, as {@link read} does, with turns of the event loop between them: those named, or all of them, as
   * their bytes follow each other in the files, which is the fastest order. `into` may give memory for one.
   * @throws CHECKPOINT_CORRUPT at the first whose bytes do not match; RangeError
   */
  readonly readAll: (
    names?: Iterable<string>,
    into?: (name: string, entry: BundleEntry) => Uint8Array | undefined,
  ) => AsyncIterable<readonly [name: string, tensor: TensorData]>;
  /**
   * Yields a tensor's stored bytes (for strings with their lengths before them) in pieces, each a view that is good until the
   * next is asked for. @throws CHECKPOINT_CORRUPT after the last, when they do not match
   */
  readonly readChunks: (name: string, chunkBytes?: number) => Iterable<Uint8Array>;
  /** Reads one tensor piece by piece, for its checksum only. @throws CHECKPOINT_CORRUPT when it does not match */
  readonly check: (name: string) => void;
  readonly close: () => void;
}

/** Bytes; the index of a hundred thousand tensors has ten million. */
const largestIndex = 2 ** 30;

/** After so many bytes others have their turn: 10 ms of reading. */
const bytesOfBreath = 1 << 24;

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
  const find = (name: string) => {
    const entry = entries.get(name);
    if (entry === undefined)
      throw new SuperviseError('CHECKPOINT_MISMATCH', { what: `there is no tensor ${name}`, where: prefix });
    return { entry, shard: files[entry.shard] as Shard };
  };
  const findReadable = (name: string) => {
    const { entry, shard } = find(name);
    if (entry.unreadable !== undefined)
      throw new SuperviseError('CHECKPOINT_MISMATCH', { what: `${name}: ${entry.unreadable}`, where: prefix });
    return [name, entry, shard] as const;
  };
  const readInto = ([name, entry, shard]: ReturnType<typeof findReadable>, into: Uint8Array | undefined) =>
    readTensor(name, entry, shard, assertFits(name, entry, into));
  function* findAll(names: Iterable<string>) {
    for (const name of names) yield findReadable(name);
  }
  function* readGiven(names: Iterable<string>, into: (name: string, entry: BundleEntry) => Uint8Array | undefined) {
    for (const found of findAll(names)) {
      const [name, entry] = found;
      yield [name, readInto(found, into(name, entry))] as const;
    }
  }
  async function* readAll(
    names: Iterable<string> = inOrderOfFiles(entries.keys(), entries),
    into?: (name: string, entry: BundleEntry) => Uint8Array | undefined,
  ): AsyncGenerator<readonly [name: string, tensor: TensorData]> {
    let breath = 0;
    for await (const [name, tensor] of into === undefined ? readFresh(findAll(names)) : readGiven(names, into)) {
      yield [name, tensor];
      breath += entries.get(name)?.size ?? 0;
      if (breath < bytesOfBreath) continue;
      breath = 0;
      await breathe();
    }
  }
  let buffer: Uint8Array | undefined;
  return {
    path: prefix,
    names: [...entries.keys()],
    entries,
    has: (name) => entries.has(name),
    read: (name, into) => readInto(findReadable(name), into),
    readAll,
    readChunks: (name, chunkBytes = pieceBytes) => readChunks(...findReadable(name), chunkBytes),
    check: (name) => {
      const { entry, shard } = find(name);
      buffer ??= new Uint8Array(pieceBytes);
      if (!isPartitioned(entry)) checkTensor(name, entry, shard, buffer);
    },
    close: () => closeAll(files),
  };
}

function readIndex(prefix: string) {
  const path = indexPath(prefix);
  const bytes = readWhole(path);
  return corruptOnRangeError(path, () => {
    const [header, ...rest] = decodeTable(bytes);
    if (header === undefined || header[0].length > 0) throw new RangeError('its header is missing');
    const { shards } = decodeHeader(header[1]);
    if (shards < 1 || shards > 10_000) throw new RangeError(`it claims ${shards} data files`);
    return { shards, entries: nameEntries(rest) };
  });
}

/** Slices of partitioned variables stand under binary keys, a zero byte first: they get names of their own. */
function nameEntries(rest: readonly TableEntry[]): Map<string, BundleEntry> {
  const entries = new Map<string, BundleEntry>();
  for (const [key, value] of rest) {
    const name = key[0] === 0 ? `${partitionedName(key)} (slice at ${entries.size})` : Buffer.from(key).toString();
    entries.set(name, decodeEntry(value));
  }
  return entries;
}

/** The variable of a slice's key: it ends with 0 1, and 0 stands as 0 255 inside (OrderedCode::WriteString). */
function partitionedName(key: Uint8Array): string {
  const bytes = Buffer.from(key);
  const end = bytes.indexOf(Uint8Array.of(0, 1), 1);
  return bytes.subarray(1, end < 0 ? bytes.length : end).toString();
}

function assertFits(name: string, { size }: BundleEntry, into: Uint8Array | undefined): Uint8Array | undefined {
  if (into === undefined || into.length === size) return into;
  throw new RangeError(`${name}: memory of ${into.length} bytes for ${size}`);
}

/** Its bytes are those of its slices. */
function isPartitioned({ unreadable, size }: BundleEntry): boolean {
  return unreadable !== undefined && size === 0;
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
    if (entry.unreadable !== undefined) continue;
    const expected = entry.dtype === 'string' ? entry.size : elementCount(entry.shape) * elementBytes[entry.dtype];
    if (entry.size !== expected)
      throw corrupt(indexPath(prefix), `${name} has ${entry.size} bytes for ${entry.dtype} [${entry.shape}]`);
    if (entry.dtype === 'string' && elementCount(entry.shape) > entry.size)
      throw corrupt(indexPath(prefix), `${name} has more strings than bytes`);
  }
}

function readWhole(path: string): Uint8Array {
  try {
    return readFileBounded(path, largestIndex);
  } catch (error) {
    throw missingOr(error, path);
  }
}

function openOrMissing(path: string): number {
  try {
    return openRegularFile(path);
  } catch (error) {
    throw missingOr(error, path);
  }
}

function missingOr(error: unknown, path: string): unknown {
  if (isNoFile(error)) return corrupt(path, (error as Error).message, error);
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
