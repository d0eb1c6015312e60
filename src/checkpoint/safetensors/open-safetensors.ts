import { closeSync, fstatSync, readSync } from 'node:fs';
import { openRegularFile, SuperviseError, systemErrorCode } from '../../protocol/index.js';
import type { TensorData } from '../bundle-types.js';
import { pieceBytes } from '../read-tensor.js';
import { lengthBytes, mostHeaderBytes, parseHeader, type SafetensorsEntry, type StoredTensor } from './header.js';

/** An open `.safetensors` file. The format has no checksums. */
export interface Safetensors {
  readonly path: string;
  /** Names in the order of the header. */
  readonly names: readonly string[];
  readonly entries: ReadonlyMap<string, SafetensorsEntry>;
  readonly metadata: Readonly<Record<string, string>>;
  readonly has: (name: string) => boolean;
  readonly read: (name: string) => TensorData;
  /** Yields a tensor's bytes in pieces, each a view that is good until the next is asked for. */
  readonly readChunks: (name: string, chunkBytes?: number) => Iterable<Uint8Array>;
  readonly close: () => void;
}

/**
 * Opens a `.safetensors` file (github.com/huggingface/safetensors, README "Format"): checks the header and the length.
 * @throws CHECKPOINT_MISSING, CHECKPOINT_CORRUPT
 */
export function openSafetensors(path: string): Safetensors {
  const file = openFile(path);
  try {
    const { entries: stored, metadata } = parseHeader(readHeader(file), fstatSync(file).size);
    const entries = new Map([...stored].map(([name, entry]) => [name, assertReadable(name, entry)]));
    const find = (name: string): SafetensorsEntry => {
      const entry = entries.get(name);
      if (entry !== undefined) return entry;
      throw new SuperviseError('CHECKPOINT_MISMATCH', { what: `there is no tensor ${name}`, where: path });
    };
    return {
      path,
      names: [...entries.keys()],
      entries,
      metadata,
      has: (name) => entries.has(name),
      read: (name) => {
        const { dtype, shape, offset, size } = find(name);
        const data = new Uint8Array(size);
        for (let done = 0; done < size; done += pieceBytes)
          readFully(path, file, data.subarray(done, done + pieceBytes), offset + done);
        return { dtype, shape, data };
      },
      readChunks: (name, chunkBytes = pieceBytes) => readPieces(path, file, find(name), chunkBytes),
      close: () => closeSync(file),
    };
  } catch (error) {
    closeSync(file);
    if (!(error instanceof RangeError)) throw error;
    throw new SuperviseError('CHECKPOINT_CORRUPT', { what: error.message, where: path }, { cause: error });
  }
}

function assertReadable(name: string, { dtype, ...entry }: StoredTensor): SafetensorsEntry {
  if (dtype !== undefined) return { ...entry, dtype };
  throw new RangeError(`${name} has element type ${entry.typeName}, which is not supported`);
}

function readHeader(file: number): Uint8Array {
  const room = fstatSync(file).size - lengthBytes;
  const field = Buffer.alloc(lengthBytes);
  if (room < 0 || readSync(file, field, 0, lengthBytes, 0) < lengthBytes)
    throw new RangeError(`${room + lengthBytes} bytes are too few for a safetensors file`);
  const length = Number(field.readBigUInt64LE());
  if (length > mostHeaderBytes) throw new RangeError(`it claims a header of ${length} bytes`);
  if (length > room) throw new RangeError(`its header of ${length} bytes is cut off`);
  const header = new Uint8Array(length);
  if (readSync(file, header, 0, length, lengthBytes) < length) throw new RangeError('its header is cut off');
  return header;
}

function* readPieces(path: string, file: number, { offset, size }: SafetensorsEntry, chunkBytes: number) {
  const buffer = new Uint8Array(Math.min(chunkBytes, size));
  for (let done = 0; done < size; done += buffer.length) {
    const piece = buffer.subarray(0, Math.min(buffer.length, size - done));
    readFully(path, file, piece, offset + done);
    yield piece;
  }
}

function readFully(path: string, file: number, piece: Uint8Array, position: number): void {
  for (let done = 0; done < piece.length; ) {
    const count = readSync(file, piece, done, piece.length - done, position + done);
    if (count === 0) throw new SuperviseError('CHECKPOINT_CORRUPT', { what: 'it became shorter', where: path });
    done += count;
  }
}

function openFile(path: string): number {
  try {
    return openRegularFile(path);
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error;
    throw new SuperviseError('CHECKPOINT_MISSING', { what: 'there is no such file', where: path }, { cause: error });
  }
}
