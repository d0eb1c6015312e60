import { randomBytes } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fsyncDirectory } from '../../protocol/index.js';
import { frameRecord } from './tf-record-frame.js';

const chunkBytes = 1 << 20;

/**
 * Writes a TFRecord file: whole under its name or not at all (temporary file beside it → fsync → rename → fsync of the
 * directory). Records may be made lazily; the event loop runs between chunks of 1 MiB.
 * @returns the number of records
 * @throws the system error (ENOSPC, EACCES …), the old file untouched and the temporary one removed
 */
export async function writeTfRecord(
  path: string,
  records: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<number> {
  const temporary = temporaryPath(path);
  try {
    const count = await writeRecords(temporary, records);
    await rename(temporary, path);
    fsyncDirectory(dirname(path));
    return count;
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  } finally {
    temporaries.delete(temporary);
  }
}

/** Whether this process is writing that temporary file right now. */
export function isBeingWritten(temporary: string): boolean {
  return temporaries.has(temporary);
}

const temporaries = new Set<string>();

/** A name that no other writer has, with the process id in it, so that what a killed writer left can be told. */
function temporaryPath(path: string): string {
  const temporary = `${path}.${process.pid}-${randomBytes(4).toString('hex')}.tmp`;
  temporaries.add(temporary);
  return temporary;
}

async function writeRecords(path: string, records: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<number> {
  const file = await open(path, 'wx', 0o644);
  try {
    let count = 0;
    let chunk: Buffer[] = [];
    let size = 0;
    for await (const record of records) {
      const frame = frameRecord(record);
      chunk.push(frame);
      size += frame.length;
      count++;
      if (size < chunkBytes) continue;
      await writeAll(file, chunk, size);
      chunk = [];
      size = 0;
    }
    await writeAll(file, chunk, size);
    await file.sync();
    return count;
  } finally {
    await file.close();
  }
}

async function writeAll(file: FileHandle, chunk: readonly Buffer[], size: number): Promise<void> {
  const bytes = Buffer.concat(chunk, size);
  // One write call may take fewer bytes than it was given.
  for (let done = 0; done < size; ) done += (await file.write(bytes, done)).bytesWritten;
}
