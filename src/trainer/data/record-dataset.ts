import { SuperviseError } from '../../protocol/index.js';
import { type Line, type LineDataset, toBatch } from './batch.js';
import type { Charset } from './charset.js';
import { decodeLine, type LineLayout, readStoredLabel } from './line-record.js';
import { corruptRecord } from './tf-record-errors.js';
import type { TfRecordFile } from './tf-record-reader.js';

/** Records looked at to tell how a file numbers its characters. */
const probedRecords = 64;

/** A dataset over some records of a file (all of them, in order, without `records`). */
export function recordDataset(
  file: TfRecordFile,
  layout: LineLayout,
  charset: Charset,
  records?: Uint32Array,
): LineDataset {
  const size = records?.length ?? file.size;
  const readLine = (index: number): Promise<Line> => {
    const record = records === undefined ? index : records[index];
    if (record === undefined) throw new RangeError(`line ${index} of ${size}`);
    return readRecord(file, record, (bytes) => decodeLine(bytes, layout));
  };
  return {
    size,
    width: layout.width,
    height: layout.height,
    read: async (indices) => toBatch(await Promise.all(Array.from(indices, readLine)), charset.decode),
  };
}

/**
 * Tells how a file numbers its characters: from 1 (as the reference data set does, with 0 for padding), unless one of its first
 * labels has a 0 before its end, which only a file that counts from 0 can have.
 * @throws DATA_CORRUPT
 */
export async function detectLabelBase(file: TfRecordFile): Promise<0 | 1> {
  for (let record = 0; record < Math.min(file.size, probedRecords); record++) {
    const label = await readRecord(file, record, readStoredLabel);
    const end = label.findLastIndex((value) => value > 0);
    if (label.slice(0, end + 1).includes(0)) return 0;
  }
  return 1;
}

async function readRecord<Result>(
  file: TfRecordFile,
  record: number,
  decode: (bytes: Uint8Array) => Result,
): Promise<Result> {
  const bytes = await file.read(record);
  try {
    return decode(bytes);
  } catch (error) {
    if (error instanceof SuperviseError) throw error;
    throw corruptRecord(file.path, record, file.offsetOf(record), (error as Error).message);
  }
}
