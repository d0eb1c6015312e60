import { existsSync } from 'node:fs';
import type { DType, TensorData } from '../bundle-types.js';
import { openHdf5 } from '../hdf5/index.js';
import { openBundle } from '../open-bundle.js';
import { openSafetensors } from '../safetensors/index.js';
import { indexPath } from '../write-bundle.js';

/** What checkpoints and `.safetensors` files have in common. */
export interface TensorFile {
  readonly path: string;
  readonly names: readonly string[];
  readonly entries: ReadonlyMap<string, TensorInfo>;
  readonly has: (name: string) => boolean;
  readonly read: (name: string) => TensorData;
  readonly readChunks: (name: string, chunkBytes?: number) => Iterable<Uint8Array>;
  readonly close: () => void;
}

/** A tensor without its values. */
export interface TensorInfo {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly size: number;
  readonly unreadable?: string;
}

/** Opens a checkpoint by its prefix, or a `.safetensors` or HDF5 (`.h5`) file. @throws CHECKPOINT_MISSING, CHECKPOINT_CORRUPT */
export function openTensorFile(path: string): TensorFile {
  if (existsSync(indexPath(path))) return openBundle(path);
  if (path.endsWith('.safetensors')) return openSafetensors(path);
  return /\.(h5|hdf5)$/.test(path) ? openHdf5(path) : openBundle(path);
}
