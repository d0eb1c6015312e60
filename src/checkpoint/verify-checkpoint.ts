import { SuperviseError } from '../protocol/index.js';
import { checksum } from './crc.js';
import { inOrderOfFiles } from './file-order.js';
import { type Bundle, openBundle } from './open-bundle.js';

/** Whether a checkpoint can be trusted, and if not, why. */
export type Verdict =
  | { readonly ok: true; readonly tensors: number; readonly bytes: number }
  | { readonly ok: false; readonly reason: string };

/** How thoroughly a checkpoint is verified. */
export type VerifyMode = 'quick' | 'full';

/** Most tensors that `quick` reads, and most bytes of them beyond the first one. */
const sampledTensors = 16;
const sampledBytes = 64 * 1024 * 1024;

/**
 * Verifies the checkpoint `prefix`. Both modes check the index (magic, block checksums, entries) and the sizes of the data
 * files; `full` checks every tensor's CRC32C, `quick` a sample of them that depends on the names alone. Tensors are read a
 * piece at a time. Never throws for a damaged checkpoint.
 * @throws the system error when a file cannot be read (EIO, EACCES): not being able to read is not damage
 */
export function verifyCheckpoint(prefix: string, mode: VerifyMode = 'full'): Verdict {
  try {
    const bundle = openBundle(prefix);
    try {
      const names = mode === 'full' ? bundle.names : sampleTensors(bundle);
      for (const name of inOrderOfFiles(names, bundle.entries)) bundle.check(name);
      const bytes = [...bundle.entries.values()].reduce((total, { size }) => total + size, 0);
      return { ok: true, tensors: bundle.entries.size, bytes };
    } finally {
      bundle.close();
    }
  } catch (error) {
    if (error instanceof SuperviseError) return { ok: false, reason: error.message };
    throw error;
  }
}

/** The tensors that `quick` reads: those whose names have the smallest checksums, so the same ones every time. */
export function sampleTensors({ entries }: Pick<Bundle, 'entries'>): string[] {
  const ranked = [...entries].map(([name, { size }]) => ({ name, size, rank: checksum(Buffer.from(name)) }));
  ranked.sort((left, right) => left.rank - right.rank || (left.name < right.name ? -1 : 1));
  let left = sampledBytes;
  const sampled = ranked.slice(0, sampledTensors).filter(({ size }, index) => {
    const isTaken = index === 0 || size <= left;
    if (isTaken) left -= size;
    return isTaken;
  });
  return sampled.map(({ name }) => name);
}
