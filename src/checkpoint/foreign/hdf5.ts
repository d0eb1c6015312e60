import { type PositionedReader, readUint64, viewOf } from './positioned-reader.js';

const signature = Buffer.from('\x89HDF\r\n\x1a\n', 'latin1');
const headBytes = 96;
const longestUserBlock = 1024 * 1024;

/** Whether bytes begin an HDF5 file (one without a user block, as frameworks write them). */
export function isHdf5(head: Uint8Array): boolean {
  return signature.equals(head.subarray(0, signature.length));
}

/**
 * Verifies the superblock (HDF5 file format specification, II.A): its version, that the file was closed, and that it is as long
 * as the superblock says. What lies between has no checksum that could be checked from outside.
 * @throws RangeError
 */
export function verifyHdf5(reader: PositionedReader): string {
  const head = reader.read(0, Math.min(headBytes, reader.size));
  if (!isHdf5(head)) return verifyUserBlock(reader);
  const view = viewOf(head);
  const version = head[8] ?? 255;
  if (version > 3) throw new RangeError(`its superblock claims version ${version}`);
  const offsetBytes = head[version < 2 ? 13 : 9] ?? 0;
  if (offsetBytes !== 8 && offsetBytes !== 4)
    throw new RangeError(`its superblock claims offsets of ${offsetBytes} bytes`);
  // Version 3 marks a file that somebody has open for writing.
  if (version === 3 && ((head[11] ?? 0) & 1) === 1) throw new RangeError('it was not closed: its writer died');
  const addresses = version === 0 ? 24 : version === 1 ? 28 : 12;
  const end = readOffset(view, addresses + 2 * offsetBytes, offsetBytes);
  if (end > reader.size) throw new RangeError(`it is cut short: ${reader.size} bytes, and its superblock says ${end}`);
  if (end < headBytes / 2) throw new RangeError(`its superblock says that it ends at ${end}`);
  return 'superblock and length';
}

/** A block of the user's own may stand before the superblock: 512 bytes, or that doubled any number of times. */
function verifyUserBlock(reader: PositionedReader): string {
  for (let at = 512; at + signature.length <= Math.min(reader.size, longestUserBlock); at *= 2)
    if (isHdf5(reader.read(at, signature.length))) return 'signature';
  throw new RangeError('it does not begin as an HDF5 file does');
}

function readOffset(view: DataView, at: number, bytes: 4 | 8): number {
  if (at + bytes > view.byteLength) throw new RangeError('it ends within its superblock');
  return bytes === 8 ? readUint64(view, at) : view.getUint32(at, true);
}
