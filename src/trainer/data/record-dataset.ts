import { SuperviseError } from '../../protocol/index.js';
import { type Line, type LineDataset, toBatch } from './batch.js';
import type { Charset } from './charset.js';
import { decodeLine, type LineLayout, readStoredLabel } from './line-record.js';
import type { Place, RecordSet } from './record-set.js';
import { corruptRecord } from './tf-record-errors.js';

/** Records looked at to tell how a file numbers its characters. */
const probedRecords = 64;

/** A dataset over some records of a set (all of them, in order, without `records`). */
export function recordDataset(
  set: RecordSet,
  layout: LineLayout,
  charset: Charset,
  records?: Uint32Array,
): LineDataset {
  const size = records?.length ?? set.size;
  const readLine = async (index: number): Promise<Line> => {
    const place = placeOf(set, index, records);
    return parseRecord(place, await place.file.read(place.record), (bytes) => decodeLine(bytes, layout));
  };
  return {
    size,
    width: layout.width,
    height: layout.height,
    read: async (indices) => toBatch(await Promise.all(Array.from(indices, readLine)), charset.decode),
  };
}

/** Where line `index` of a dataset over those records is. @throws RangeError */
export function placeOf(set: RecordSet, index: number, records?: Uint32Array): Place {
  const record = records === undefined ? index : records[index];
  if (record === undefined) throw new RangeError(`line ${index} of ${records?.length}`);
  return set.locate(record);
}

/**
 * Tells how files number their characters: from 1 (as the reference data set does, with 0 for padding), unless one of the first
 * labels has a 0 before its end, which only a file that counts from 0 can have.
 * @throws DATA_CORRUPT
 */
export async function detectLabelBase(set: RecordSet): Promise<0 | 1> {
  for (let index = 0; index < Math.min(set.size, probedRecords); index++) {
    const place = set.locate(index);
    const label = parseRecord(place, await place.file.read(place.record), readStoredLabel);
    const end = label.findLastIndex((value) => value > 0);
    if (label.slice(0, end + 1).includes(0)) return 0;
  }
  return 1;
}

/** Decodes a record's bytes. @throws DATA_CORRUPT naming file, record and byte */
export function parseRecord<Result>(
  { file, record }: Pick<Place, 'file' | 'record'>,
  bytes: Uint8Array,
  decode: (bytes: Uint8Array) => Result,
): Result {
  try {
    return decode(bytes);
  } catch (error) {
    if (error instanceof SuperviseError) throw error;
    throw corruptRecord(file.path, record, file.offsetOf(record), (error as Error).message);
  }
}
