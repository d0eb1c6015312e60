import type { TensorData } from '../../checkpoint/index.js';

/**
 * Tensors as a message to another thread: few objects, because each costs as much as the copy of some thousand numbers. Of one
 * save to the next little but the numbers and where they are changes, so that only tensors that are described otherwise are told.
 */
export interface PackedTensors {
  readonly count: number;
  /** JSON: `[index, description]` of each tensor whose description changed. */
  readonly changes: string;
  /** Three numbers for each piece of bytes, in the tensors' order: the index of its memory, its offset and length in bytes. */
  readonly places: Float64Array;
  /** What is shared stays readable here; the rest is moved, or copied. */
  readonly memory: readonly ArrayBufferLike[];
}

/** `strings` is their number in a tensor of strings, and null in one of numbers. */
type Description = readonly [
  name: string,
  dtype: TensorData['dtype'],
  shape: readonly number[],
  strings: number | null,
];

/** Makes a function that packs tensors without copying their bytes; what it packs goes to one unpacker, in the same order. */
export function createPacker(): (tensors: Iterable<readonly [string, TensorData]>) => PackedTensors {
  const known: Description[] = [];
  return (tensors) => {
    const memory = new Map<ArrayBufferLike, number>();
    const places: number[] = [];
    const place = ({ buffer, byteOffset, byteLength }: Uint8Array) => {
      const index = memory.get(buffer) ?? memory.size;
      if (index === memory.size) memory.set(buffer, index);
      places.push(index, byteOffset, byteLength);
    };
    const changes: [number, Description][] = [];
    let count = 0;
    for (const [name, { dtype, shape, data }] of tensors) {
      if (data instanceof Uint8Array) place(data);
      else for (const each of data) place(each);
      const description: Description = [name, dtype, shape, data instanceof Uint8Array ? null : data.length];
      if (!isSame(description, known[count])) {
        known[count] = description;
        changes.push([count, description]);
      }
      count++;
    }
    return {
      count,
      changes: JSON.stringify(changes),
      places: Float64Array.from(places),
      memory: [...memory.keys()],
    };
  };
}

/** Makes the other end: returns the tensors that were packed, as views of the memory. */
export function createUnpacker(): (packed: PackedTensors) => [string, TensorData][] {
  const known: Description[] = [];
  return ({ count, changes, places, memory }) => {
    for (const [index, description] of JSON.parse(changes) as [number, Description][]) known[index] = description;
    let at = 0;
    const view = () => {
      const [index, byteOffset, byteLength] = places.subarray(at, at + 3) as unknown as [number, number, number];
      at += 3;
      return new Uint8Array(memory[index] as ArrayBufferLike, byteOffset, byteLength);
    };
    return known.slice(0, count).map(([name, dtype, shape, strings]) => {
      const data = strings === null ? view() : Array.from({ length: strings }, view);
      return [name, { dtype, shape, data } as TensorData];
    });
  };
}

function isSame(description: Description, known: Description | undefined): boolean {
  if (known === undefined) return false;
  const [name, dtype, shape, strings] = description;
  return (
    name === known[0] &&
    dtype === known[1] &&
    strings === known[3] &&
    (shape === known[2] || isSameList(shape, known[2]))
  );
}

function isSameList(left: readonly number[], right: readonly number[]): boolean {
  return left.length === right.length && left.every((value, index) => value === right[index]);
}
