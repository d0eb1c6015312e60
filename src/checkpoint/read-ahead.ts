import { read, readSync } from 'node:fs';
import { promisify } from 'node:util';
import type { BundleEntry } from './bundle-entry.js';
import type { TensorData } from './bundle-types.js';
import { allocate, assertSum, createSum, finishTensor, type Shard, truncated } from './read-tensor.js';

/** One tensor to be read, and the memory for it, if there is some. */
export interface ReadJob {
  readonly name: string;
  readonly entry: BundleEntry;
  readonly shard: Shard;
  readonly into: Uint8Array | undefined;
}

/**
 * So many reads are under way while the one before them is summed. Linux reads ahead of whoever reads a file in order, and two
 * threads overtake each other: two reads at once take a tenth longer, and half as long again where it reads ahead by 128 KiB only.
 */
const readsAtOnce = 1;
/** What one of them reads: a quarter of it costs a third more processor time, in turns of the event loop and between threads. */
const pieceBytes = 1 << 20;
/**
 * A restore of no more than that is read without threads: a small checkpoint that was just verified lies in the page cache, and
 * is there sooner than the threads answer, most of all where others compete for the processors.
 */
const bytesReadHere = 1 << 23;
/** So are the small tensors of a large one: to hand one to a thread and back takes as long. */
const pieceReadHere = 1 << 17;
const readFile = promisify(read);

interface Piece {
  readonly job: ReadJob;
  readonly bytes: Uint8Array;
  readonly piece: Uint8Array;
  readonly isFirst: boolean;
  readonly isLast: boolean;
  readonly arrived: Promise<void>;
}

/**
 * Reads tensors in order, each into one array: while some pieces are on their way, those that have arrived are summed. Memory
 * beside the tensors: none. A tensor is yielded when its bytes match; those after it may be on their way by then. `totalBytes` is
 * what all of them have.
 * @throws CHECKPOINT_CORRUPT when they do not; CHECKPOINT_MISMATCH when they fit no array; the system error
 */
export async function* readAhead(
  jobs: Iterable<ReadJob>,
  totalBytes: number,
): AsyncGenerator<readonly [name: string, tensor: TensorData]> {
  const pieces = beginPieces(jobs, totalBytes <= bytesReadHere ? bytesReadHere : pieceReadHere);
  const underWay: Piece[] = [];
  const fill = () => {
    while (underWay.length < readsAtOnce) {
      const { done, value } = pieces.next();
      if (done === true) return;
      underWay.push(value);
    }
  };
  try {
    let sum: ReturnType<typeof createSum> | undefined;
    for (fill(); underWay.length > 0; fill()) {
      const { job, bytes, piece, isFirst, isLast, arrived } = underWay[0] as Piece;
      await arrived;
      underWay.shift();
      // The next read begins before this piece is summed.
      fill();
      if (isFirst) sum = createSum(job.entry);
      sum?.add(piece);
      if (!isLast || sum === undefined) continue;
      assertSum(job.name, job.entry, job.shard, sum);
      yield [job.name, finishTensor(job.entry, bytes)];
    }
  } finally {
    // Whoever closes the file next must not pull it away from under a read, which might then hit another file.
    await Promise.allSettled(underWay.map(({ arrived }) => arrived));
  }
}

/** Begins the read of each piece when it is asked for; those of at most `mostHere` bytes are done at once. */
function* beginPieces(jobs: Iterable<ReadJob>, mostHere: number): Generator<Piece> {
  for (const job of jobs) {
    const { name, entry, shard } = job;
    const bytes = job.into ?? allocate(name, entry.size, shard);
    for (let done = 0; done === 0 || done < entry.size; done += pieceBytes) {
      const piece = bytes.subarray(done, done + pieceBytes);
      const read = piece.length <= mostHere ? readHere : readInThread;
      const arrived = readFully(name, entry.offset + done, shard, piece, read);
      // It is waited for later, or not at all when one before it fails.
      arrived.catch(() => undefined);
      yield { job, bytes, piece, isFirst: done === 0, isLast: done + pieceBytes >= entry.size, arrived };
    }
  }
}

const readHere = (file: number, into: Uint8Array, position: number) => readSync(file, into, 0, into.length, position);
const readInThread = async (file: number, into: Uint8Array, position: number) =>
  (await readFile(file, into, 0, into.length, position)).bytesRead;

async function readFully(
  name: string,
  position: number,
  shard: Shard,
  piece: Uint8Array,
  read: typeof readHere | typeof readInThread,
): Promise<void> {
  for (let done = 0; done < piece.length; ) {
    const count = read(shard.file, piece.subarray(done), position + done);
    const bytesRead = typeof count === 'number' ? count : await count;
    if (bytesRead === 0) throw truncated(name, shard);
    done += bytesRead;
  }
}
