import { zipChecksum } from '../crc.js';
import type { VerifyMode } from '../verify-checkpoint.js';
import { mostHeaderBytes, openReader, type PositionedReader, readUint64, viewOf } from './positioned-reader.js';

/** A member of a zip archive, as its central directory has it (APPNOTE.TXT 4.3.12). */
export interface ZipMember {
  readonly name: string;
  /** 0 stored, 8 deflated. */
  readonly method: number;
  readonly crc: number;
  readonly storedBytes: number;
  readonly bytes: number;
  readonly headerOffset: number;
}

const signatures = {
  local: 0x04034b50,
  central: 0x02014b50,
  end: 0x06054b50,
  end64: 0x06064b50,
  locator64: 0x07064b50,
};
const [endBytes, end64Bytes, locatorBytes, centralBytes, localBytes] = [22, 56, 20, 46, 30];
const longestComment = 0xffff;
const [all16, all32] = [0xffff, 0xffffffff];

/** Whether bytes begin a zip archive. */
export function isZip(head: Uint8Array): boolean {
  return head.length >= 4 && viewOf(head).getUint32(0, true) === signatures.local;
}

/**
 * Verifies a zip archive, which is what `torch.save` and `numpy.savez` write: the central directory, every member's place and
 * local header, and, unless `quick`, the CRC32 of every member. Returns what was checked.
 * @throws RangeError naming the member and what is wrong
 */
export function verifyZip(reader: PositionedReader, mode: VerifyMode): string {
  const { members, directoryOffset } = readZipDirectory(reader);
  if (members.length === 0) throw new RangeError('the archive is empty');
  // torch can be told to leave the checksums out: then all of them are 0.
  const hasChecksums = members.some(({ crc }) => crc !== 0);
  for (const member of members) {
    const offset = findMemberData(reader, member, directoryOffset);
    if (mode === 'full' && hasChecksums) checkMember(reader, member, offset);
  }
  const what = mode === 'full' && hasChecksums ? 'checksums of all' : 'places of all';
  return `${what} ${members.length} members`;
}

/** The members of an archive; undefined when the file is none. @throws RangeError when it is a damaged one */
export function readZipMembers(path: string): readonly ZipMember[] | undefined {
  const reader = openReader(path);
  try {
    return isZip(reader.read(0, Math.min(4, reader.size))) ? readZipDirectory(reader).members : undefined;
  } finally {
    reader.close();
  }
}

/**
 * Reads the central directory, zip64 included.
 * @throws RangeError when there is none, or it contradicts itself
 */
export function readZipDirectory(reader: PositionedReader): { members: ZipMember[]; directoryOffset: number } {
  const end = findEnd(reader);
  if (end.directoryOffset + end.directoryBytes > end.at)
    throw new RangeError('its central directory runs past its end');
  const bytes = reader.read(end.directoryOffset, end.directoryBytes);
  const members: ZipMember[] = [];
  for (let at = 0; at < bytes.length; ) {
    const { member, length } = readEntry(bytes, at);
    members.push(member);
    at += length;
  }
  if (members.length !== end.count)
    throw new RangeError(`its central directory has ${members.length} members, and should have ${end.count}`);
  return { members, directoryOffset: end.directoryOffset };
}

/**
 * Where a member's bytes begin.
 * @throws RangeError when its local header is damaged, or it does not lie before the central directory
 */
export function findMemberData(reader: PositionedReader, member: ZipMember, directoryOffset: number): number {
  const { name, headerOffset, method, storedBytes } = member;
  const header = viewOf(reader.read(headerOffset, localBytes));
  if (header.getUint32(0, true) !== signatures.local) throw new RangeError(`${name} has no local header`);
  const [nameBytes, extraBytes] = [header.getUint16(26, true), header.getUint16(28, true)];
  const localName = new TextDecoder().decode(reader.read(headerOffset + localBytes, nameBytes));
  if (localName !== name || header.getUint16(8, true) !== method)
    throw new RangeError(`the two headers of ${name} contradict each other`);
  const offset = headerOffset + localBytes + nameBytes + extraBytes;
  if (offset + storedBytes > directoryOffset) throw new RangeError(`${name} runs past the last member's end`);
  return offset;
}

function checkMember(reader: PositionedReader, member: ZipMember, offset: number): void {
  let crc = 0;
  let bytes = 0;
  for (const piece of memberPieces(reader, member, offset)) {
    crc = zipChecksum(piece, crc);
    bytes += piece.length;
  }
  if (bytes !== member.bytes) throw new RangeError(`${member.name} has ${bytes} bytes instead of ${member.bytes}`);
  if (crc !== member.crc) throw new RangeError(`${member.name} does not match its checksum`);
}

function memberPieces(reader: PositionedReader, member: ZipMember, offset: number): Iterable<Uint8Array> {
  if (member.method === 0) return reader.pieces(offset, member.storedBytes);
  if (member.method !== 8)
    throw new RangeError(`${member.name} is packed in a way that is not known (${member.method})`);
  try {
    return [
      process
        .getBuiltinModule('node:zlib')
        .inflateRawSync(reader.read(offset, member.storedBytes), { maxOutputLength: mostHeaderBytes }),
    ];
  } catch (error) {
    throw new RangeError(`${member.name} cannot be unpacked (${(error as Error).message})`, { cause: error });
  }
}

/** The record at the end, looked for from behind: a comment of any length may follow it. */
function findEnd(reader: PositionedReader) {
  const tailBytes = Math.min(reader.size, endBytes + longestComment);
  const start = reader.size - tailBytes;
  const tail = reader.read(start, tailBytes);
  const view = viewOf(tail);
  for (let at = tailBytes - endBytes; at >= 0; at--) {
    const isEnd =
      view.getUint32(at, true) === signatures.end && view.getUint16(at + 20, true) === tailBytes - endBytes - at;
    if (isEnd) return widen(reader, view, at, start);
  }
  throw new RangeError('it does not end as a zip archive does: it is cut short');
}

function widen(reader: PositionedReader, view: DataView, at: number, start: number) {
  const end = {
    at: start + at,
    count: view.getUint16(at + 10, true),
    directoryBytes: view.getUint32(at + 12, true),
    directoryOffset: view.getUint32(at + 16, true),
  };
  const locatorAt = end.at - locatorBytes;
  const locator = locatorAt >= 0 ? viewOf(reader.read(locatorAt, locatorBytes)) : undefined;
  if (locator?.getUint32(0, true) !== signatures.locator64) {
    if (end.count === all16 || end.directoryBytes === all32 || end.directoryOffset === all32)
      throw new RangeError('its zip64 record is missing');
    return end;
  }
  const at64 = readUint64(locator, 8);
  const record = viewOf(reader.read(at64, end64Bytes));
  if (record.getUint32(0, true) !== signatures.end64) throw new RangeError('its zip64 record is damaged');
  return {
    at: at64,
    count: readUint64(record, 32),
    directoryBytes: readUint64(record, 40),
    directoryOffset: readUint64(record, 48),
  };
}

function readEntry(bytes: Uint8Array, at: number): { member: ZipMember; length: number } {
  const view = viewOf(bytes.subarray(at));
  if (view.byteLength < centralBytes || view.getUint32(0, true) !== signatures.central)
    throw new RangeError('its central directory is damaged');
  const [nameBytes, extraBytes, commentBytes] = [
    view.getUint16(28, true),
    view.getUint16(30, true),
    view.getUint16(32, true),
  ];
  const length = centralBytes + nameBytes + extraBytes + commentBytes;
  if (length > view.byteLength) throw new RangeError('its central directory is damaged');
  const nameEnd = at + centralBytes + nameBytes;
  const member = {
    name: new TextDecoder().decode(bytes.subarray(at + centralBytes, nameEnd)),
    method: view.getUint16(10, true),
    crc: view.getUint32(16, true),
    storedBytes: view.getUint32(20, true),
    bytes: view.getUint32(24, true),
    headerOffset: view.getUint32(42, true),
  };
  return { member: widenEntry(member, bytes.subarray(nameEnd, nameEnd + extraBytes)), length };
}

/** The extra field 1 holds, in this order, those numbers that do not fit their place (APPNOTE.TXT 4.5.3). */
function widenEntry(member: ZipMember, extra: Uint8Array): ZipMember {
  const wide = ['bytes', 'storedBytes', 'headerOffset'] as const;
  if (wide.every((key) => member[key] !== all32)) return member;
  const view = viewOf(extra);
  for (let at = 0; at + 4 <= extra.length; at += 4 + view.getUint16(at + 2, true)) {
    if (view.getUint16(at, true) !== 1) continue;
    const numbers: Partial<Record<(typeof wide)[number], number>> = {};
    let next = at + 4;
    for (const key of wide) {
      if (member[key] !== all32) continue;
      numbers[key] = readUint64(view, next);
      next += 8;
    }
    return { ...member, ...numbers };
  }
  throw new RangeError(`the zip64 field of ${member.name} is missing`);
}
