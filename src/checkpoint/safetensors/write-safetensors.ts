import { elementBytes, elementCount, type NumericDType, type TensorSource } from '../bundle-types.js';
import { type FileOps, realFiles, replaceFile } from '../file-ops.js';
import { gatherSmall } from '../gather-small.js';
import { lengthBytes, safetensorsNames } from './header.js';

interface Placed {
  readonly name: string;
  readonly typeName: string;
  readonly tensor: TensorSource;
  readonly size: number;
  readonly align: number;
}

/**
 * Writes tensors as a `.safetensors` file, in the reference implementation's order: widest element first, then by name, so
 * that every tensor is aligned to its element. The bytes of each are asked for when their turn has come. Returns the bytes
 * written.
 * @throws RangeError for a tensor whose type safetensors lacks, or whose bytes do not fit its shape
 */
export function writeSafetensors(
  path: string,
  tensors: Iterable<readonly [string, TensorSource]>,
  metadata: Readonly<Record<string, string>> = {},
  files: FileOps = realFiles,
): number {
  const placed = [...tensors].map(([name, tensor]) => place(name, tensor));
  placed.sort((left, right) => right.align - left.align || (left.name < right.name ? -1 : 1));
  const header = encodeHeader(placed, metadata);
  replaceFile(files, path, gatherSmall(parts(header, placed)));
  return placed.reduce((total, { size }) => total + size, header.length);
}

function place(name: string, tensor: TensorSource): Placed {
  const dtype = tensor.dtype as NumericDType;
  const typeName = safetensorsNames[dtype];
  if (typeName === undefined) throw new RangeError(`${name} is ${tensor.dtype}, which safetensors does not have`);
  const align = elementBytes[dtype];
  return { name, tensor, typeName, align, size: elementCount(tensor.shape) * align };
}

function encodeHeader(placed: readonly Placed[], metadata: Readonly<Record<string, string>>): Uint8Array {
  let offset = 0;
  const rows = placed.map(({ name, typeName, tensor, size }) => {
    const data_offsets = [offset, offset + size];
    offset += size;
    return [name, { dtype: typeName, shape: tensor.shape, data_offsets }] as const;
  });
  const first = Object.keys(metadata).length > 0 ? [['__metadata__', metadata] as const] : [];
  const json = Buffer.from(JSON.stringify(Object.fromEntries([...first, ...rows])));
  // Spaces after the JSON bring the tensors to a multiple of eight.
  const padded = Buffer.alloc(lengthBytes + Math.ceil(json.length / 8) * 8, ' ');
  padded.writeBigUInt64LE(BigInt(padded.length - lengthBytes));
  padded.set(json, lengthBytes);
  return padded;
}

function* parts(header: Uint8Array, placed: readonly Placed[]): Generator<Uint8Array> {
  yield header;
  for (const { name, tensor, size } of placed) {
    let seen = 0;
    for (const piece of tensor.data instanceof Uint8Array ? [tensor.data] : tensor.data) {
      seen += piece.length;
      yield piece;
    }
    if (seen !== size)
      throw new RangeError(`${name}: ${seen} bytes for ${tensor.dtype} [${tensor.shape}], expected ${size}`);
  }
}
