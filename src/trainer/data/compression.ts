import { open } from 'node:fs/promises';
import { headerBytes, readRecordLength } from './tf-record-frame.js';

/** How a TFRecord file is compressed, by the names that TensorFlow's `compression_type` has. */
export type Compression = 'GZIP' | 'ZLIB';

/**
 * Tells a file's compression by its first bytes; undefined for a plain one. A plain file begins with a length and its CRC,
 * which no compressed one does by accident.
 * @throws the system error when it cannot be opened
 */
export async function detectCompression(path: string): Promise<Compression | undefined> {
  const file = await open(path, 'r');
  try {
    const head = Buffer.alloc(headerBytes);
    const { bytesRead } = await file.read(head, 0, headerBytes, 0);
    if (bytesRead < 2) return undefined;
    if (bytesRead === headerBytes && readRecordLength(head) !== undefined) return undefined;
    if (head[0] === 0x1f && head[1] === 0x8b) return 'GZIP';
    // RFC 1950: deflate with a window of 32 KiB, and a check of the two bytes.
    return head[0] === 0x78 && head.readUInt16BE(0) % 31 === 0 ? 'ZLIB' : undefined;
  } finally {
    await file.close();
  }
}
