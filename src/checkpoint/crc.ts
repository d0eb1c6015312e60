import { crc32c } from '@node-rs/crc32';

const maskDelta = 0xa282ead8;

/** CRC32C (Castagnoli) of `bytes`, continued from `previous`. */
export function checksum(bytes: Uint8Array, previous = 0): number {
  return crc32c(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), previous);
}

/** Masks a CRC as TensorFlow and LevelDB store it, so that a CRC of data that holds CRCs stays meaningful. */
export function maskChecksum(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + maskDelta) >>> 0;
}
