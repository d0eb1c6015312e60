/** A field of a protobuf message as it stands on the wire. */
export interface WireField {
  readonly number: number;
  /** A varint's or fixed32's value; undefined for length-delimited fields. */
  readonly value?: number;
  readonly bytes?: Uint8Array;
}

/** Appends the base-128 varint of a whole number below 2^53. */
export function pushVarint(out: number[], value: number): void {
  let rest = value;
  while (rest >= 0x80) {
    out.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  out.push(rest);
}

/** Reads a varint at `cursor.at` and moves the cursor behind it. Negative int64 values come out modulo 2^64, inexactly. */
export function readVarint(bytes: Uint8Array, cursor: { at: number }): number {
  let value = 0;
  let scale = 1;
  for (let count = 0; count < 10; count++) {
    const byte = bytes[cursor.at++];
    if (byte === undefined) throw new RangeError('a number runs past the end');
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return value;
    scale *= 0x80;
  }
  throw new RangeError('a number has more than ten bytes');
}

/** Appends a varint field, unless it is 0 (proto3 leaves defaults out). */
export function pushVarintField(out: number[], field: number, value: number): void {
  if (value === 0) return;
  pushVarint(out, field * 8);
  pushVarint(out, value);
}

/** Appends a length-delimited field. */
export function pushBytesField(
  out: number[],
  field: number,
  bytes: Iterable<number> & { readonly length: number },
): void {
  pushVarint(out, field * 8 + 2);
  pushVarint(out, bytes.length);
  for (const byte of bytes) out.push(byte);
}

/** Appends a fixed 32-bit field. */
export function pushFixed32Field(out: number[], field: number, value: number): void {
  pushVarint(out, field * 8 + 5);
  out.push(value & 255, (value >>> 8) & 255, (value >>> 16) & 255, value >>> 24);
}

/**
 * Lists the fields of a message.
 * @throws RangeError on anything that is no message
 */
export function readFields(bytes: Uint8Array): WireField[] {
  const fields: WireField[] = [];
  const cursor = { at: 0 };
  while (cursor.at < bytes.length) fields.push(readField(bytes, cursor));
  return fields;
}

function readField(bytes: Uint8Array, cursor: { at: number }): WireField {
  const tag = readVarint(bytes, cursor);
  const number = Math.floor(tag / 8);
  switch (tag % 8) {
    case 0:
      return { number, value: readVarint(bytes, cursor) };
    case 1:
      return { number, bytes: take(bytes, cursor, 8) };
    case 2:
      return { number, bytes: take(bytes, cursor, readVarint(bytes, cursor)) };
    case 5:
      return { number, value: readUint32(take(bytes, cursor, 4)) };
    default:
      throw new RangeError(`a field has wire type ${tag % 8}`);
  }
}

function take(bytes: Uint8Array, cursor: { at: number }, length: number): Uint8Array {
  if (cursor.at + length > bytes.length) throw new RangeError('a field runs past the end');
  cursor.at += length;
  return bytes.subarray(cursor.at - length, cursor.at);
}

function readUint32(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
}
