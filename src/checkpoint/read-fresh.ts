import type { BundleEntry } from './bundle-entry.js';
import type { TensorData } from './bundle-types.js';
import {
  allocate,
  assertSum,
  createSum,
  finishTensor,
  pieceBytes,
  readFully,
  type Shard,
  type Sum,
} from './read-tensor.js';
import { createToucher } from './touch-memory.js';

/** A tensor that can be read, and where. */
export type Readable = readonly [name: string, entry: BundleEntry, shard: Shard];

/** A part of a tensor's memory. */
interface Slice {
  readonly tensor: Readable;
  readonly bytes: Uint8Array;
  readonly from: number;
  readonly piece: Uint8Array;
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
    let sum: Sum | undefined;
    for (;;) {
      lookAhead();
      const next = ahead.shift();
      if (next === undefined) return;
      const { tensor, bytes, from, piece } = next.slice;
      const [name, entry, shard] = tensor;
      if (next.touched !== undefined) await next.touched;
      sum ??= createSum(entry);
      readFully(name, entry.offset + from, shard, piece);
      sum.add(piece);
      if (from + piece.length < entry.size) continue;
      assertSum(name, entry, shard, sum);
      sum = undefined;
      yield [name, finishTensor(entry, bytes)];
    }
  } finally {
    // The pool's threads write into it still.
    await Promise.all(ahead.map(({ touched }) => touched));
    toucher.close();
  }
}

function* sliceAll(tensors: Iterable<Readable>): Generator<Slice, undefined> {
  for (const tensor of tensors) {
    const [name, { size }, shard] = tensor;
    const bytes = allocate(name, size, shard);
    let from = 0;
    do {
      const piece = bytes.subarray(from, from + pieceBytes);
      yield { tensor, bytes, from, piece };
      from += piece.length;
    } while (from < size);
  }
}
