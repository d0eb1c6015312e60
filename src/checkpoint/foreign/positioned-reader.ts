import { closeSync, fstatSync, readSync } from 'node:fs';
import { openRegularFile } from '../../protocol/index.js';

/** A file that is read by position. What a format finds wrong with it is a RangeError. */
export interface PositionedReader {
  /** Bytes of the file. */
  readonly size: number;
  /** Reads `length` bytes at `offset`. @throws RangeError when the file ends before that; the system error otherwise */
  readonly read: (offset: number, length: number) => Uint8Array<ArrayBuffer>;
  /** The same in pieces of at most 1 MiB, each valid until the next one is asked for. */
  readonly pieces: (offset: number, length: number) => Iterable<Uint8Array>;
  readonly close: () => void;
}

const pieceBytes = 1024 * 1024;

/** Most bytes of a header, a directory or an index that are read at once: more is no header. */
export const mostHeaderBytes = 256 * 1024 * 1024;

/** Opens a file. @throws the system error */
export function openReader(path: string): PositionedReader {
  const file = openRegularFile(path);
  const { size } = fstatSync(file);
  const fill = (bytes: Uint8Array, offset: number) => {
    if (offset < 0 || offset + bytes.length > size)
      throw new RangeError(`it ends at ${size}, before ${offset + bytes.length}`);
    for (let done = 0; done < bytes.length; ) {
      const count = readSync(file, bytes, done, bytes.length - done, offset + done);
      if (count === 0) throw new RangeError(`it ends at ${offset + done}`);
      done += count;
    }
  };
  return {
    size,
    read: (offset, length) => {
      if (length > mostHeaderBytes) throw new RangeError(`a header claims ${length} bytes`);
      const bytes = new Uint8Array(length);
      fill(bytes, offset);
      return bytes;
    },
    pieces: function* (offset, length) {
      const piece = new Uint8Array(Math.min(pieceBytes, length));
      for (let done = 0; done < length; done += piece.length) {
        const part = piece.subarray(0, Math.min(piece.length, length - done));
        fill(part, offset + done);
        yield part;
      }
    },
    close: () => closeSync(file),
  };
}

/** A little-endian view of bytes. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** An unsigned 64-bit number at `offset`. @throws RangeError when it is too big for any file */
export function readUint64(view: DataView, offset: number): number {
  const value = view.getBigUint64(offset, true);
  if (value > BigInt(Number.MAX_SAFE_INTEGER))
    throw new RangeError(`a size or offset of ${value} is too big for a file`);
  return Number(value);
}
