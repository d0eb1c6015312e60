import { createRequire } from 'node:module';

interface SnappyJs {
  readonly uncompress: (compressed: Uint8Array, maxLength?: number) => Uint8Array;
}

/** No block of a table is near this size: a longer one is damage, and no reason to ask for its memory. */
const mostBytes = 1 << 28;

/** Decompresses a block in Snappy's format. @throws RangeError when it is none */
export function decompressSnappy(block: Uint8Array): Uint8Array {
  // Loaded when there is something to decompress, which is rare: TensorFlow's own writer does not compress.
  const { uncompress } = createRequire(import.meta.url)('snappyjs') as SnappyJs;
  try {
    return uncompress(block, mostBytes);
  } catch (error) {
    throw new RangeError(`a block cannot be decompressed: ${(error as Error).message}`, { cause: error });
  }
}
