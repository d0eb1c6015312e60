const roomBytes = 1 << 20;
const smallBytes = 1 << 16;

/** Joins small pieces into larger ones, so that thousands of small tensors are not thousands of writes. Pieces are good until the next. */
export function* gatherSmall(pieces: Iterable<Uint8Array>): Generator<Uint8Array> {
  const room = new Uint8Array(roomBytes);
  let filled = 0;
  for (const piece of pieces) {
    if (filled > 0 && (piece.length > smallBytes || filled + piece.length > roomBytes)) {
      yield room.subarray(0, filled);
      filled = 0;
    }
    if (piece.length > smallBytes) yield piece;
    else {
      room.set(piece, filled);
      filled += piece.length;
    }
  }
  if (filled > 0) yield room.subarray(0, filled);
}
