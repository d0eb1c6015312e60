import { SuperviseError } from '../protocol/index.js';
import { openBundle } from './open-bundle.js';

/** Whether a checkpoint can be trusted, and if not, why. */
export type Verdict =
  | { readonly ok: true; readonly tensors: number; readonly bytes: number }
  | { readonly ok: false; readonly reason: string };

/**
 * Verifies the checkpoint `prefix`. `quick` checks the index (magic, block checksums, entries) and the sizes of the data
 * files; `full` reads every tensor, a piece at a time, and checks its CRC32C. Never throws for a damaged checkpoint.
 * @throws the system error when a file cannot be read (EIO, EACCES): not being able to read is not damage
 */
export function verifyCheckpoint(prefix: string, mode: 'quick' | 'full' = 'full'): Verdict {
  try {
    const bundle = openBundle(prefix);
    try {
      if (mode === 'full') for (const name of bundle.names) bundle.check(name);
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
