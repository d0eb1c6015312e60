import { createRequire } from 'node:module';

const maskDelta = 0xa282ead8;

let native: typeof import('@node-rs/crc32') | undefined;

/** CRC32C (Castagnoli) of `bytes`, continued from `previous`. */
export function checksum(bytes: Uint8Array, previous = 0): number {
  return load().crc32c(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), previous);
}

/** CRC32 (IEEE 802.3, as in zip archives) of `bytes`, continued from `previous`. */
export function zipChecksum(bytes: Uint8Array, previous = 0): number {
  return load().crc32(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), previous);
}

/** Loaded when there is something to check: it is 4 MB of memory. */
function load(): typeof import('@node-rs/crc32') {
  native ??= createRequire(import.meta.url)('@node-rs/crc32') as typeof import('@node-rs/crc32');
  return native;
}

/** Masks a CRC as TensorFlow and LevelDB store it, so that a CRC of data that holds CRCs stays meaningful. */
export function maskChecksum(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + maskDelta) >>> 0;
}
