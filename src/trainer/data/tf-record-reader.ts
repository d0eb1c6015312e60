import { type FileHandle, open } from 'node:fs/promises';
import { SuperviseError, systemErrorCode } from '../../protocol/index.js';
import type { RecordFile } from './record-file.js';
import { corruptRecord, endsEarly } from './tf-record-errors.js';
import { footerBytes, headerBytes, maskedCrc32c } from './tf-record-frame.js';
import { indexRecords, type RecordIndex } from './tf-record-index.js';

/**
 * Opens a TFRecord file (uncompressed) and finds its records; see {@link indexRecords} for the memory it takes.
 * @throws DATA_MISSING, DATA_CORRUPT
 */
export async function openTfRecord(path: string, onAlive?: () => void): Promise<RecordFile> {
  const file = await openFile(path);
  try {
    const index = await indexRecords(file, path, onAlive);
    return {
      path,
      size: index.size,
      isSequential: false,
      offsetOf: (record) => offsetOf(index, record),
      read: (record) => readRecord(file, path, index, record),
      records: () => readAll(file, path, index),
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function* readAll(file: FileHandle, path: string, index: RecordIndex): AsyncGenerator<Buffer, void, void> {
  for (let record = 0; record < index.size; record++) yield await readRecord(file, path, index, record);
}

async function readRecord(file: FileHandle, path: string, index: RecordIndex, record: number): Promise<Buffer> {
  const offset = offsetOf(index, record);
  const bytes = Buffer.allocUnsafe(offsetOf(index, record + 1) - offset - headerBytes);
  for (let done = 0; done < bytes.length; ) {
    const { bytesRead } = await file.read(bytes, done, bytes.length - done, offset + headerBytes + done);
    if (bytesRead === 0) throw endsEarly(path, record, offset);
    done += bytesRead;
  }
  const data = bytes.subarray(0, bytes.length - footerBytes);
  if (bytes.readUInt32LE(data.length) === maskedCrc32c(data)) return data;
  throw corruptRecord(path, record, offset, 'the checksum of the record is wrong');
}

function offsetOf({ offsets, size }: RecordIndex, record: number): number {
  const offset = offsets[record];
  if (offset === undefined) throw new RangeError(`record ${record} of ${size}`);
  return offset;
}

/** Opens a data file for reading. @throws DATA_MISSING */
export async function openFile(path: string): Promise<FileHandle> {
  try {
    const file = await open(path, 'r');
    if ((await file.stat()).isFile()) return file;
    await file.close();
  } catch (error) {
    const isMissing = systemErrorCode(error) === 'ENOENT';
    const what = isMissing ? 'there is no such file (ENOENT)' : `cannot be opened (${(error as Error).message})`;
    throw missing(path, what, error);
  }
  throw missing(path, 'is not a file');
}

function missing(path: string, what: string, cause?: unknown): SuperviseError {
  return new SuperviseError('DATA_MISSING', { what, where: path, hint: 'check data.tfrecord_path' }, { cause });
}
