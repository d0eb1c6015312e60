import { open } from 'node:fs/promises';
import { checksum } from '../crc.js';
import { RemoteError } from './remote-error.js';
import type { PartSource } from './remote-store.js';

/** A file's size and checksums, of the whole and of its parts. */
export interface FileSums {
  readonly size: number;
  readonly crc32c: number;
  readonly partBytes: number;
  readonly partSums: readonly number[];
}

const mebibyte = 2 ** 20;
/** The protocol allows ten thousand parts of a file, of at least 5 MiB. */
const mostParts = 9000;
export const usualPartBytes = 8 * mebibyte;

/** Reads a file once, a part at a time. */
export async function sumFile(path: string, leastPartBytes = usualPartBytes): Promise<FileSums> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const partBytes = Math.max(leastPartBytes, Math.ceil(size / mostParts / mebibyte) * mebibyte);
    const buffer = Buffer.allocUnsafe(Math.min(partBytes, Math.max(1, size)));
    const partSums: number[] = [];
    let crc32c = 0;
    for (let at = 0; at < size; at += partBytes) {
      const length = Math.min(partBytes, size - at);
      await readWhole(file, buffer, at, length);
      const bytes = buffer.subarray(0, length);
      crc32c = checksum(bytes, crc32c);
      partSums.push(checksum(bytes));
    }
    return { size, crc32c, partBytes, partSums };
  } finally {
    await file.close();
  }
}

/** Reads its parts again, and refuses one that has changed since. */
export function sourceOfFile(path: string, { size, partBytes, partSums }: FileSums): PartSource {
  return {
    size,
    partBytes,
    read: async (part) => {
      const length = Math.min(partBytes, size - part * partBytes);
      const bytes = Buffer.allocUnsafe(length);
      const file = await open(path, 'r');
      try {
        await readWhole(file, bytes, part * partBytes, length);
      } finally {
        await file.close();
      }
      if (checksum(bytes) === partSums[part]) return bytes;
      throw new RemoteError(`${path} was changed while it was uploaded`, { isPassing: false });
    },
  };
}

async function readWhole(
  file: Awaited<ReturnType<typeof open>>,
  buffer: Buffer,
  at: number,
  length: number,
): Promise<void> {
  for (let done = 0; done < length; ) {
    const { bytesRead } = await file.read(buffer, done, length - done, at + done);
    if (bytesRead === 0) throw new RemoteError('a file became shorter while it was uploaded', { isPassing: false });
    done += bytesRead;
  }
}
