import type { TensorData } from '../../checkpoint/index.js';

/** Tensors as a message to another thread: few objects, because each costs as much as the copy of some thousand numbers. */
export interface PackedTensors {
  /** JSON: where in `memory` the bytes of each tensor are. */
  readonly layout: string;
  readonly memory: readonly ArrayBuffer[];
}

type Part = readonly [memory: number, byteOffset: number, byteLength: number];
type Place = readonly [
  name: string,
  dtype: TensorData['dtype'],
  shape: readonly number[],
  parts: readonly Part[],
  isString: boolean,
];

/** Packs tensors without copying their bytes. */
export function packTensors(tensors: Iterable<readonly [string, TensorData]>): PackedTensors {
  const indices = new Map<ArrayBuffer, number>();
  const toPart = ({ buffer, byteOffset, byteLength }: Uint8Array): Part => {
    const index = indices.get(buffer as ArrayBuffer) ?? indices.size;
    indices.set(buffer as ArrayBuffer, index);
    return [index, byteOffset, byteLength];
  };
  const places = Array.from(tensors, ([name, { dtype, shape, data }]): Place => {
    const isString = !(data instanceof Uint8Array);
    return [name, dtype, shape, (isString ? data : [data]).map(toPart), isString];
  });
  return { layout: JSON.stringify(places), memory: [...indices.keys()] };
}

/** The tensors that were packed, as views of the memory. */
export function unpackTensors({ layout, memory }: PackedTensors): [string, TensorData][] {
  const toView = ([index, byteOffset, byteLength]: Part) =>
    new Uint8Array(memory[index] as ArrayBuffer, byteOffset, byteLength);
  return (JSON.parse(layout) as Place[]).map(([name, dtype, shape, parts, isString]) => {
    const views = parts.map(toView);
    const data = isString ? views : (views[0] as Uint8Array);
    return [name, { dtype, shape, data } as TensorData];
  });
}
