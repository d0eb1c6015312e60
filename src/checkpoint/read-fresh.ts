import type { BundleEntry } from './bundle-entry.js';
import type { TensorData } from './bundle-types.js';
import { allocate, finishTensor, pieceBytes, readPieces, type Shard } from './read-tensor.js';
import { createToucher } from './touch-memory.js';

/** A tensor that can be read, and where. */
export type Readable = readonly [name: string, entry: BundleEntry, shard: Shard];

/** A part of a tensor's memory. */
interface Slice {
  readonly piece: Uint8Array;
  /** To be called when the piece may be written: reads it. Returns the tensor after its last piece. */
  readonly read: () => readonly [string, TensorData] | undefined;
}

/** So much memory of the next tensors is there while one is read. */
const slicesAhead = 4;

/**
 * Reads tensors in turn into new memory, as `readTensor` does, while another thread touches what comes next.
 * @throws CHECKPOINT_CORRUPT at the first whose bytes do not match
 */
export async function* readFresh(tensors: Iterable<Readable>): AsyncGenerator<readonly [string, TensorData]> {
  const toucher = createToucher();
  const slices = sliceAll(tensors);
  const ahead: { readonly slice: Slice; readonly touched: Promise<void> | undefined }[] = [];
  const lookAhead = () => {
    while (ahead.length < slicesAhead) {
      const { value: slice } = slices.next();
      if (slice === undefined) return;
      ahead.push({ slice, touched: toucher.touch(slice.piece) });
    }
  };
  try {
    for (;;) {
      lookAhead();
      const next = ahead.shift();
      if (next === undefined) return;
      if (next.touched !== undefined) await next.touched;
      const whole = next.slice.read();
      if (whole !== undefined) yield whole;
    }
  } finally {
    // The pool's threads write into it still.
    await Promise.all(ahead.map(({ touched }) => touched));
    toucher.close();
  }
}

function* sliceAll(tensors: Iterable<Readable>): Generator<Slice, undefined> {
  for (const [name, entry, shard] of tensors) {
    const bytes = allocate(name, entry.size, shard);
    const pieceAt = (done: number) => bytes.subarray(done, done + pieceBytes);
    const pieces = readPieces(name, entry, shard, pieceAt);
    let from = 0;
    do {
      const piece = pieceAt(from);
      from += piece.length;
      const isLast = from >= entry.size;
      const read = () => {
        pieces.next();
        if (!isLast) return undefined;
        // Compares the sum.
        pieces.next();
        return [name, finishTensor(entry, bytes)] as const;
      };
      yield { piece, read };
    } while (from < entry.size);
  }
}
