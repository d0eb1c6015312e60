import { closeSync, openSync, readSync } from 'node:fs';

/** 128 random bits, from the kernel: `node:crypto` would take half a megabyte for as long as the process lives. */
export function randomToken(): string {
  const bytes = Buffer.alloc(16);
  try {
    const file = openSync('/dev/urandom', 'r');
    try {
      if (readSync(file, bytes) === bytes.length) return bytes.toString('hex');
    } finally {
      closeSync(file);
    }
  } catch {
    // Not every system has it.
  }
  return process.getBuiltinModule('node:crypto').randomBytes(bytes.length).toString('hex');
}
