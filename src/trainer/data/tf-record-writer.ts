import { randomBytes } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import { fsyncDirectory } from '../../protocol/index.js';
import { frameRecord } from './tf-record-frame.js';

const chunkBytes = 1 << 20;

/**
 * Writes a TFRecord file: whole under its name or not at all (temporary file beside it → fsync → rename → fsync of the
 * directory). Records may be made lazily; the event loop runs between chunks of 1 MiB. With `gzip` the whole file is one GZIP
 * stream, the same bytes for the same records.
 * @returns the number of records
 * @throws the system error (ENOSPC, EACCES …), the old file untouched and the temporary one removed
 */
export async function writeTfRecord(path: string, records: Records, { gzip = false } = {}): Promise<number> {
  const temporary = temporaryPath(path);
  try {
    const count = await writeRecords(temporary, records, gzip);
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

type Records = Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

async function writeRecords(path: string, records: Records, gzip: boolean): Promise<number> {
  const file = await open(path, 'wx', 0o644);
  try {
    const counter = { count: 0 };
    const chunks = toChunks(records, counter);
    for await (const chunk of gzip ? compress(chunks) : chunks) await writeAll(file, chunk);
    await file.sync();
    return counter.count;
  } finally {
    await file.close();
  }
}

async function* toChunks(records: Records, counter: { count: number }): AsyncGenerator<Buffer, void, void> {
  let chunk: Buffer[] = [];
  let size = 0;
  for await (const record of records) {
    const frame = frameRecord(record);
    chunk.push(frame);
    size += frame.length;
    counter.count++;
    if (size < chunkBytes) continue;
    yield Buffer.concat(chunk, size);
    chunk = [];
    size = 0;
  }
  if (size > 0) yield Buffer.concat(chunk, size);
}

function compress(chunks: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  const source = Readable.from(chunks);
  const gzip = source.pipe(createGzip());
  source.on('error', (error) => gzip.destroy(error));
  return gzip as AsyncIterable<Buffer>;
}

async function writeAll(file: FileHandle, bytes: Buffer): Promise<void> {
  // One write call may take fewer bytes than it was given.
  for (let done = 0; done < bytes.length; ) done += (await file.write(bytes, done)).bytesWritten;
}
