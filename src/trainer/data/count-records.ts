import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../../protocol/index.js';
import { readCompressedRecords } from './compressed-records.js';
import type { Compression } from './compression.js';

/** Records between two calls of `onAlive`. */
const recordsInTurn = 64;

/**
 * Number of records in a compressed file. That takes decompressing all of it, so the number is kept in `directory` for the next
 * time, under a digest of the file's path, size and time.
 * @throws DATA_CORRUPT when the file is damaged anywhere
 */
export async function countRecords(
  path: string,
  compression: Compression,
  directory: string,
  onAlive: () => void,
): Promise<number> {
  const kept = join(directory, `records-${digestOf(path)}.json`);
  const known = readCount(kept);
  if (known !== undefined) return known;
  let count = 0;
  for await (const _ of readCompressedRecords(path, compression)) if (count++ % recordsInTurn === 0) onAlive();
  keepCount(directory, kept, { path, records: count });
  return count;
}

function digestOf(path: string): string {
  const { size, mtimeMs } = statSync(path);
  return createHash('sha256')
    .update(JSON.stringify([path, size, mtimeMs]))
    .digest('hex')
    .slice(0, 16);
}

function readCount(path: string): number | undefined {
  try {
    const { records } = JSON.parse(readFileSync(path, 'utf8')) as { records?: unknown };
    return typeof records === 'number' && Number.isSafeInteger(records) && records >= 0 ? records : undefined;
  } catch {
    return undefined;
  }
}

/** The number only saves time: where it cannot be kept, it is counted again. */
function keepCount(directory: string, path: string, content: { path: string; records: number }): void {
  try {
    mkdirSync(directory, { recursive: true });
    writeFileAtomic(path, `${JSON.stringify(content)}\n`, { durable: false });
  } catch {
    return;
  }
}
