import { crc32c } from '@node-rs/crc32';

/** Bytes before a record's data (uint64 length, its masked CRC) and after it (masked CRC of the data). */
export const headerBytes = 12;
export const footerBytes = 4;

const maskDelta = 0xa282ead8;

/** TensorFlow's masked CRC32C: rotated right by 15 bits plus a constant, so that a CRC of bytes that hold CRCs is safe. */
export function maskedCrc32c(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + maskDelta) >>> 0;
}

/** Frames one record as it stands in a TFRecord file. */
export function frameRecord(data: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(headerBytes + data.length + footerBytes);
  frame.writeBigUInt64LE(BigInt(data.length), 0);
  frame.writeUInt32LE(maskedCrc32c(frame.subarray(0, 8)), 8);
  frame.set(data, headerBytes);
  frame.writeUInt32LE(maskedCrc32c(data), headerBytes + data.length);
  return frame;
}

/** The data length that a header announces, or undefined when the header's CRC says that it is damaged. */
export function readRecordLength(header: Buffer): number | undefined {
  if (header.readUInt32LE(8) !== maskedCrc32c(header.subarray(0, 8))) return undefined;
  return Number(header.readBigUInt64LE(0));
}
