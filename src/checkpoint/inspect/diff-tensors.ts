import type { NumericDType } from '../bundle-types.js';
import { epochInfoTensor } from '../read-record.js';
import { pieceBytes } from '../read-tensor.js';
import type { TensorFile, TensorInfo } from '../tensor-info.js';
import { toNumbers } from './to-numbers.js';

/** How a tensor differs between two files. */
export type Difference =
  | { readonly kind: 'only-left' | 'only-right'; readonly name: string }
  /** Another type or shape: the values are not compared. */
  | { readonly kind: 'form'; readonly name: string; readonly left: string; readonly right: string }
  /** Other strings, or other bytes of the same numbers (kinds of NaN, integers beyond 2^53). */
  | { readonly kind: 'bytes'; readonly name: string }
  | NumericDifference;

/** Other numbers. Infinity, where one of them is NaN or infinite. */
export interface NumericDifference {
  readonly kind: 'values';
  readonly name: string;
  /** Place of the first value that differs, row-major from 0, and both values there. */
  readonly first: { readonly index: number; readonly left: number; readonly right: number };
  /** Values that differ in their bits. */
  readonly count: number;
  readonly maxAbsolute: number;
  /** |left − right| divided by the larger of |left| and |right|. */
  readonly maxRelative: number;
}

/**
 * Compares two files bit for bit, a piece at a time; the record with the time of the save is left out.
 * @throws CHECKPOINT_CORRUPT when one is damaged
 */
export function* diffTensors(left: TensorFile, right: TensorFile): Generator<Difference> {
  const names = new Set([...left.names, ...right.names]);
  names.delete(epochInfoTensor);
  for (const name of [...names].sort()) {
    const [here, there] = [left.entries.get(name), right.entries.get(name)];
    if (here === undefined) yield { kind: 'only-right', name };
    else if (there === undefined) yield { kind: 'only-left', name };
    else yield* diffTensor(name, [left, here], [right, there]);
  }
}

type Side = readonly [file: TensorFile, info: TensorInfo];

function* diffTensor(name: string, [left, here]: Side, [right, there]: Side): Generator<Difference> {
  if (formOf(here) !== formOf(there)) yield { kind: 'form', name, left: formOf(here), right: formOf(there) };
  else if (here.unreadable !== undefined) return;
  else if (here.dtype === 'string') {
    if (!isSameText(left.read(name).data, right.read(name).data)) yield { kind: 'bytes', name };
  } else {
    const found = diffNumbers(name, here.dtype, left.readChunks(name, pieceBytes), right.readChunks(name, pieceBytes));
    if (found !== undefined) yield found;
  }
}

function diffNumbers(
  name: string,
  dtype: NumericDType,
  left: Iterable<Uint8Array>,
  right: Iterable<Uint8Array>,
): Difference | undefined {
  let isSame = true;
  let first: NumericDifference['first'] | undefined;
  let [base, count, maxAbsolute, maxRelative] = [0, 0, 0, 0];
  const others = right[Symbol.iterator]();
  for (const piece of left) {
    const other = others.next().value as Uint8Array;
    const [a, b] = [toNumbers(dtype, piece), toNumbers(dtype, other)];
    const isEqual = Buffer.compare(piece, other) === 0;
    isSame &&= isEqual;
    for (let index = 0; !isEqual && index < a.length; index++) {
      const [x, y] = [a[index] as number, b[index] as number];
      if (Object.is(x, y)) continue;
      first ??= { index: base + index, left: x, right: y };
      count++;
      const absolute = distance(x, y);
      maxAbsolute = Math.max(maxAbsolute, absolute);
      const larger = Math.max(Math.abs(x), Math.abs(y));
      maxRelative = Math.max(maxRelative, larger > 0 && Number.isFinite(absolute) ? absolute / larger : absolute);
    }
    base += a.length;
  }
  // Reads to the end of the other one too, because its checksum is told there.
  others.next();
  if (first !== undefined) return { kind: 'values', name, first, count, maxAbsolute, maxRelative };
  // NaNs of different bits, or integers too large for a number to tell them apart.
  return isSame ? undefined : { kind: 'bytes', name };
}

function distance(x: number, y: number): number {
  const apart = Math.abs(x - y);
  return Number.isNaN(apart) ? Number.POSITIVE_INFINITY : apart;
}

function formOf({ dtype, shape, unreadable }: TensorInfo): string {
  return unreadable === undefined ? `${dtype} [${shape}]` : unreadable;
}

function isSameText(left: Uint8Array | readonly Uint8Array[], right: Uint8Array | readonly Uint8Array[]): boolean {
  const [a, b] = [[left].flat() as Uint8Array[], [right].flat() as Uint8Array[]];
  return a.length === b.length && a.every((text, index) => Buffer.compare(text, b[index] as Uint8Array) === 0);
}
