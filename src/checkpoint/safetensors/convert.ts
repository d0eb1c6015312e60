import type { TensorSource } from '../bundle-types.js';
import { objectGraphTensor } from '../object-graph.js';
import { openBundle } from '../open-bundle.js';
import { writeBundle } from '../write-bundle.js';
import { safetensorsNames } from './header.js';
import { openSafetensors } from './open-safetensors.js';
import { writeSafetensors } from './write-safetensors.js';

/** What a conversion has done. */
export interface Converted {
  readonly tensors: number;
  readonly bytes: number;
  /** Names that the target has no place for. */
  readonly leftOut: readonly string[];
}

/**
 * Writes a checkpoint's tensors as a `.safetensors` file, each checked and a piece at a time. Single strings become metadata;
 * what safetensors has no type for, and the object graph, is left out.
 * @throws CHECKPOINT_CORRUPT when the checkpoint is damaged; then there is no file
 */
export function exportSafetensors(prefix: string, path: string): Converted {
  const bundle = openBundle(prefix);
  try {
    const tensors: [string, TensorSource][] = [];
    const metadata: Record<string, string> = {};
    const leftOut: string[] = [];
    for (const [name, { dtype, shape, unreadable }] of bundle.entries) {
      const isText = dtype === 'string' && shape.length === 0 && name !== objectGraphTensor;
      if (isText) metadata[name] = readText(bundle.read(name).data);
      else if (dtype === 'string' || unreadable !== undefined || safetensorsNames[dtype] === undefined)
        leftOut.push(name);
      else tensors.push([name, { dtype, shape, data: bundle.readChunks(name) }]);
    }
    const bytes = writeSafetensors(path, tensors, metadata);
    return { tensors: tensors.length, bytes, leftOut: leftOut.filter((name) => name !== objectGraphTensor) };
  } finally {
    bundle.close();
  }
}

/** Writes a `.safetensors` file as the checkpoint `prefix`; metadata becomes strings. @throws CHECKPOINT_CORRUPT */
export function importSafetensors(path: string, prefix: string): Converted {
  const file = openSafetensors(path);
  try {
    const texts = Object.entries(file.metadata).map(
      ([name, text]) => [name, { dtype: 'string', shape: [], data: [Buffer.from(text)] }] as const,
    );
    const numeric = [...file.entries].map(
      ([name, { dtype, shape }]) => [name, { dtype, shape, data: file.readChunks(name) }] as const,
    );
    const bytes = writeBundle(prefix, [...numeric, ...texts]);
    return { tensors: numeric.length, bytes, leftOut: [] };
  } finally {
    file.close();
  }
}

function readText(data: Uint8Array | readonly Uint8Array[]): string {
  return new TextDecoder().decode(data instanceof Uint8Array ? data : data[0]);
}
