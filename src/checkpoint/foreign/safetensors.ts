import { lengthBytes, mostHeaderBytes, parseHeader } from '../safetensors/header.js';
import { type PositionedReader, readUint64, viewOf } from './positioned-reader.js';

/** Whether bytes begin a safetensors file: a plausible header length, then `{`. */
export function isSafetensors(head: Uint8Array): boolean {
  return (
    head.length > lengthBytes &&
    head[lengthBytes] === 0x7b &&
    viewOf(head).getBigUint64(0, true) <= BigInt(mostHeaderBytes)
  );
}

/** Verifies header, offsets and file length; the format has no checksums. @throws RangeError */
export function verifySafetensors(reader: PositionedReader): string {
  const length = readUint64(viewOf(reader.read(0, lengthBytes)), 0);
  if (length > mostHeaderBytes) throw new RangeError(`its header claims ${length} bytes`);
  const { entries } = parseHeader(reader.read(lengthBytes, length), reader.size);
  return `header and offsets of ${entries.size} tensors; the format has no checksums`;
}
