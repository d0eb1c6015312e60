import { checksum } from './crc.js';

const flushBytes = 4096;

/**
 * Sums the stored bytes of a string tensor as TensorFlow does (`ReadStringTensor`, tensor_bundle.cc): the lengths count as
 * uint32 (uint64 when they need it) and not as the varints that they are stored as; then the masked checksum of the lengths,
 * and the strings, as they are. Pieces may end anywhere.
 */
export function createStringChecksum(count: number) {
  const wide = new DataView(new ArrayBuffer(flushBytes + 8));
  const state = { crc: 0, missing: count, value: 0, scale: 1, filled: 0, expected: 4, seen: 0, isBroken: false };
  const flush = () => {
    state.crc = checksum(new Uint8Array(wide.buffer, 0, state.filled), state.crc);
    state.filled = 0;
  };
  const addLength = (length: number) => {
    state.expected += length;
    wide.setUint32(state.filled, length % 2 ** 32, true);
    if (length >= 2 ** 32) wide.setUint32(state.filled + 4, Math.floor(length / 2 ** 32), true);
    state.filled += length >= 2 ** 32 ? 8 : 4;
    state.missing--;
    if (state.filled >= flushBytes || state.missing === 0) flush();
  };
  const addLengths = (piece: Uint8Array): number => {
    let at = 0;
    while (at < piece.length && state.missing > 0) {
      const byte = piece[at++] as number;
      state.value += (byte & 0x7f) * state.scale;
      state.scale *= 0x80;
      if (state.scale > 2 ** 63) state.isBroken = true;
      if (byte >= 0x80) continue;
      addLength(state.value);
      state.value = 0;
      state.scale = 1;
    }
    return at;
  };
  return {
    add: (piece: Uint8Array): void => {
      const rest = piece.subarray(addLengths(piece));
      if (rest.length === 0) return;
      state.seen += rest.length;
      state.crc = checksum(rest, state.crc);
    },
    /** The CRC32C, or why the bytes are no strings. */
    finish: (): number | string => {
      if (state.isBroken || state.missing > 0) return 'has fewer strings than it says';
      if (state.seen !== state.expected) return `has ${state.seen} bytes of strings, expected ${state.expected}`;
      return state.crc;
    },
  };
}
