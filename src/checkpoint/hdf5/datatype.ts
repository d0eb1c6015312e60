import type { NumericDType } from '../bundle-types.js';
import { viewOf } from '../foreign/positioned-reader.js';

/** Type of the elements of a dataset or attribute. */
export type ElementType =
  | { readonly kind: 'number'; readonly dtype: NumericDType; readonly size: number }
  | { readonly kind: 'string'; readonly isVariable: boolean; readonly size: number }
  | { readonly kind: 'other'; readonly name: string; readonly size: number };

const classes = ['integer', 'float', 'time', 'string', 'bit field', 'opaque', 'compound', 'reference', 'enum', 'list'];

/** Parses a datatype message (specification IV.A.2.d). */
export function parseDatatype(data: Uint8Array): ElementType {
  const view = viewOf(data);
  const kind = view.getUint8(0) & 0x0f;
  const bits = view.getUint8(1);
  const size = view.getUint32(4, true);
  const name = classes[kind] ?? `class ${kind}`;
  if (kind === 3) return { kind: 'string', isVariable: false, size };
  if (kind === 9 && (bits & 0x0f) === 1) return { kind: 'string', isVariable: true, size };
  if (kind > 1) return { kind: 'other', name, size };
  if ((bits & 1) === 1) return { kind: 'other', name: `big-endian ${name}`, size };
  const dtype = kind === 1 ? `float${8 * size}` : `${(bits & 8) === 0 ? 'u' : ''}int${8 * size}`;
  return known.has(dtype)
    ? { kind: 'number', dtype: dtype as NumericDType, size }
    : { kind: 'other', name: dtype, size };
}

const known: ReadonlySet<string> = new Set([
  ...['float16', 'float32', 'float64', 'int8', 'int16', 'int32', 'int64', 'uint8', 'uint16', 'uint32', 'uint64'],
]);

/** Parses a dataspace message (specification IV.A.2.b): the shape, [] for a scalar. */
export function parseDataspace(data: Uint8Array): number[] {
  const view = viewOf(data);
  const [version, rank] = [view.getUint8(0), view.getUint8(1)];
  const first = version === 1 ? 8 : 4;
  return Array.from({ length: rank }, (_, axis) => {
    const length = view.getBigUint64(first + 8 * axis, true);
    if (length > BigInt(Number.MAX_SAFE_INTEGER)) throw new RangeError(`an axis claims the length ${length}`);
    return Number(length);
  });
}
