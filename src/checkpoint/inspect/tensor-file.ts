import { existsSync } from 'node:fs';
import { openHdf5 } from '../hdf5/index.js';
import { openBundle } from '../open-bundle.js';
import { openSafetensors } from '../safetensors/index.js';
import type { TensorFile } from '../tensor-info.js';
import { indexPath } from '../write-bundle.js';

/** Opens a checkpoint by its prefix, or a `.safetensors` or HDF5 (`.h5`) file. @throws CHECKPOINT_MISSING, CHECKPOINT_CORRUPT */
export function openTensorFile(path: string): TensorFile {
  if (existsSync(indexPath(path))) return openBundle(path);
  if (path.endsWith('.safetensors')) return openSafetensors(path);
  return /\.(h5|hdf5)$/.test(path) ? openHdf5(path) : openBundle(path);
}
