import { openCompressedRecords } from './compressed-records.js';
import { detectCompression } from './compression.js';
import { countRecords } from './count-records.js';
import type { RecordFile } from './record-file.js';
import { openFile, openTfRecord } from './tf-record-reader.js';

/**
 * Opens a TFRecord file, plain or compressed by GZIP or ZLIB. How many records a compressed one has is kept in `directory`;
 * `onAlive` is called now and then while a large file is looked through.
 * @throws DATA_MISSING, DATA_CORRUPT
 */
export async function openRecordFile(
  path: string,
  directory: string,
  onAlive: () => void = () => {},
): Promise<RecordFile> {
  await (await openFile(path)).close();
  const compression = await detectCompression(path);
  if (compression === undefined) return openTfRecord(path, onAlive);
  return openCompressedRecords(path, compression, await countRecords(path, compression, directory, onAlive));
}
