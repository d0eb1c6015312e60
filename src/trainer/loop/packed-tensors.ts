import type { TensorData } from '../../checkpoint/index.js';

/**
 * Tensors as a message to another thread: few objects, because each costs as much as the copy of some thousand numbers. Of one
 * save to the next little but the numbers changes, so that only the places that are not as they were are told.
 */
export interface PackedTensors {
  readonly count: number;
  /** JSON: `[index, place]` of each tensor whose place changed. */
  readonly changes: string;
  /** What is shared stays readable here; the rest is moved, or copied. */
  readonly memory: readonly ArrayBufferLike[];
}

type Part = readonly [memory: number, byteOffset: number, byteLength: number];
type Place = readonly [
  name: string,
  dtype: TensorData['dtype'],
  shape: readonly number[],
  parts: readonly Part[],
  isString: boolean,
];

/** Makes a function that packs tensors without copying their bytes; what it packs goes to one unpacker, in the same order. */
export function createPacker(): (tensors: Iterable<readonly [string, TensorData]>) => PackedTensors {
  const known: Place[] = [];
  return (tensors) => {
    const memory = new Map<ArrayBufferLike, number>();
    const changes: [number, Place][] = [];
    let count = 0;
    for (const [name, tensor] of tensors) {
      const parts = partsOf(tensor).map((part) => toPart(part, memory));
      const before = known[count];
      if (before === undefined || !isSame(before, name, tensor, parts)) {
        const place: Place = [name, tensor.dtype, tensor.shape, parts, !(tensor.data instanceof Uint8Array)];
        known[count] = place;
        changes.push([count, place]);
      }
      count++;
    }
    return { count, changes: JSON.stringify(changes), memory: [...memory.keys()] };
  };
}

/** Makes the other end: returns the tensors that were packed, as views of the memory. */
export function createUnpacker(): (packed: PackedTensors) => [string, TensorData][] {
  const known: Place[] = [];
  return ({ count, changes, memory }) => {
    for (const [index, place] of JSON.parse(changes) as [number, Place][]) known[index] = place;
    const toView = ([index, byteOffset, byteLength]: Part) =>
      new Uint8Array(memory[index] as ArrayBufferLike, byteOffset, byteLength);
    return known.slice(0, count).map(([name, dtype, shape, parts, isString]) => {
      const views = parts.map(toView);
      const data = isString ? views : (views[0] as Uint8Array);
      return [name, { dtype, shape, data } as TensorData];
    });
  };
}

const partsOf = ({ data }: TensorData) => (data instanceof Uint8Array ? [data] : data);

function toPart({ buffer, byteOffset, byteLength }: Uint8Array, memory: Map<ArrayBufferLike, number>): Part {
  const index = memory.get(buffer) ?? memory.size;
  memory.set(buffer, index);
  return [index, byteOffset, byteLength];
}

function isSame(place: Place, name: string, { dtype, shape, data }: TensorData, parts: readonly Part[]): boolean {
  const [knownName, knownDtype, knownShape, knownParts, isString] = place;
  return (
    knownName === name &&
    knownDtype === dtype &&
    isString === !(data instanceof Uint8Array) &&
    isSameList(knownShape, shape) &&
    knownParts.length === parts.length &&
    knownParts.every((part, index) => isSameList(part, parts[index] as Part))
  );
}

function isSameList(left: readonly number[], right: readonly number[]): boolean {
  return left.length === right.length && left.every((value, index) => value === right[index]);
}
