import { pieceBytes } from '../read-tensor.js';
import type { TensorFile } from '../tensor-info.js';
import { toNumbers } from './to-numbers.js';

/** What the values of a tensor are like; of a complex one real and imaginary parts count as values. */
export interface TensorStatistics {
  /** Of the values that are numbers; undefined when there is none. */
  readonly min: number | undefined;
  readonly max: number | undefined;
  /** Of the finite ones. */
  readonly mean: number | undefined;
  readonly nan: number;
  readonly infinite: number;
}

/** Reads a tensor a piece at a time; undefined for strings and what cannot be read. @throws CHECKPOINT_CORRUPT */
export function summarizeTensor(file: TensorFile, name: string): TensorStatistics | undefined {
  const entry = file.entries.get(name);
  if (entry === undefined || entry.dtype === 'string' || entry.unreadable !== undefined) return undefined;
  let [min, max, sum, finite, nan, infinite] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0, 0, 0];
  for (const piece of file.readChunks(name, pieceBytes)) {
    const values = toNumbers(entry.dtype, piece);
    for (let index = 0; index < values.length; index++) {
      const value = values[index] as number;
      if (value < min) min = value;
      if (value > max) max = value;
      if (Number.isFinite(value)) {
        sum += value;
        finite++;
      } else if (Number.isNaN(value)) nan++;
      else infinite++;
    }
  }
  const isAny = finite + infinite > 0;
  return {
    min: isAny ? min : undefined,
    max: isAny ? max : undefined,
    mean: finite > 0 ? sum / finite : undefined,
    nan,
    infinite,
  };
}
