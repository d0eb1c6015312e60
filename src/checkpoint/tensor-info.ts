import type { DType, TensorData } from './bundle-types.js';

/** A tensor without its values. */
export interface TensorInfo {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly size: number;
  readonly unreadable?: string;
}

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
