import { elementCount } from '../bundle-types.js';
import { type PositionedReader, readUint64, viewOf } from '../foreign/positioned-reader.js';
import { type Filter, unpack } from './filters.js';
import { readSigned } from './group.js';

/** A dataset in chunks, which a B-tree finds. */
export interface ChunkedLayout {
  readonly kind: 'chunked';
  /** Address of the tree; undefined when nothing was written. */
  readonly root: number | undefined;
  /** Shape of a chunk. */
  readonly chunk: readonly number[];
  readonly elementSize: number;
  readonly steps: readonly Filter[];
}

const mostNodes = 100_000;

/** Reads a dataset of this shape and size in bytes, chunk by chunk (specification III.A.1, node type 1). @throws RangeError */
export function readChunked(
  reader: PositionedReader,
  layout: ChunkedLayout,
  shape: readonly number[],
  size: number,
): Uint8Array {
  // Packed values may be many times smaller than they are, but not without bounds.
  if (size > 1032 * reader.size) throw new RangeError(`a dataset claims ${size} bytes`);
  const out = new Uint8Array(size);
  const chunkBytes = elementCount(layout.chunk) * layout.elementSize;
  if (chunkBytes > 1032 * reader.size) throw new RangeError(`a chunk claims ${chunkBytes} bytes`);
  for (const { address, packedBytes, skipped, origin } of chunksOf(reader, layout)) {
    const values = unpack(reader.read(address, packedBytes), layout.steps, skipped, layout.elementSize, chunkBytes);
    if (values.length < chunkBytes) throw new RangeError(`a chunk has ${values.length} of ${chunkBytes} bytes`);
    place(out, values, origin, shape, layout);
  }
  return out;
}

interface Chunk {
  readonly address: number;
  readonly packedBytes: number;
  readonly skipped: number;
  /** Index of its first element on each axis. */
  readonly origin: readonly number[];
}

function* chunksOf(reader: PositionedReader, { root, chunk }: ChunkedLayout): Generator<Chunk> {
  const open = root === undefined ? [] : [root];
  const keyBytes = 8 + 8 * (chunk.length + 1);
  for (let count = 0; open.length > 0; count++) {
    if (count > mostNodes) throw new RangeError('the tree of a dataset goes on without end');
    const node = open.shift() as number;
    const head = readSigned(reader, node, 'TREE', 24);
    const [level, used] = [head[5] ?? 0, viewOf(head).getUint16(6, true)];
    const view = viewOf(reader.read(node + 24, used * (keyBytes + 8)));
    for (let child = 0; child < used; child++) {
      const at = child * (keyBytes + 8);
      const address = readUint64(view, at + keyBytes);
      if (level > 0) open.push(address);
      else
        yield {
          address,
          packedBytes: view.getUint32(at, true),
          skipped: view.getUint32(at + 4, true),
          origin: chunk.map((_, axis) => readUint64(view, at + 8 + 8 * axis)),
        };
    }
  }
}

/** Copies the rows of a chunk to their places; what lies beyond the shape is padding. */
function place(
  out: Uint8Array,
  values: Uint8Array,
  origin: readonly number[],
  shape: readonly number[],
  { chunk, elementSize }: ChunkedLayout,
): void {
  const last = chunk.length - 1;
  const rowLength = Math.min(chunk[last] as number, (shape[last] as number) - (origin[last] as number));
  if (rowLength <= 0) return;
  const rows = elementCount(chunk.slice(0, last));
  for (let row = 0; row < rows; row++) {
    let [rest, target, stride, isInside] = [row, origin[last] as number, shape[last] as number, true];
    for (let axis = last - 1; axis >= 0; axis--) {
      const index = (origin[axis] as number) + (rest % (chunk[axis] as number));
      rest = Math.floor(rest / (chunk[axis] as number));
      isInside &&= index < (shape[axis] as number);
      target += index * stride;
      stride *= shape[axis] as number;
    }
    if (!isInside) continue;
    const start = row * (chunk[last] as number) * elementSize;
    out.set(values.subarray(start, start + rowLength * elementSize), target * elementSize);
  }
}
