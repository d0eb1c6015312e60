import { readSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { corruptRecord, endsEarly } from './tf-record-errors.js';
import { footerBytes, headerBytes, readRecordLength } from './tf-record-frame.js';

const largestWindow = 64 * 1024;
const smallestWindow = 4 * 1024;
/** Records between two turns of the event loop. */
const recordsInTurn = 512;

/** Where the records of a file start: `offsets[i]` is the first byte of record i's header, the last entry the file's end. */
export interface RecordIndex {
  readonly size: number;
  readonly offsets: Float64Array;
}

/**
 * Finds the records of a file by reading their headers through one window of at most 64 KiB: memory is bounded by that window
 * and 8 bytes a record, whatever the size of the file, and of large records little more than the headers is read.
 * @throws DATA_CORRUPT for a damaged header or a file that ends inside a record
 */
export async function indexRecords(
  file: FileHandle,
  path: string,
  onAlive: () => void = () => {},
): Promise<RecordIndex> {
  const { size: end } = await file.stat();
  const readHeader = createHeaderReader(file.fd);
  let offsets = new Float64Array(1024);
  let size = 0;
  for (let offset = 0; offset < end; size++) {
    if (offset + headerBytes > end) throw endsEarly(path, size, offset);
    const length = readRecordLength(readHeader(offset));
    if (length === undefined) throw corruptRecord(path, size, offset, 'the checksum of the record length is wrong');
    if (size + 1 === offsets.length) offsets = grow(offsets);
    offset += headerBytes + length + footerBytes;
    if (offset > end) throw endsEarly(path, size, offsets[size] as number);
    offsets[size + 1] = offset;
    if (size % recordsInTurn !== 0) continue;
    onAlive();
    await setImmediate();
  }
  return { size, offsets: offsets.slice(0, size + 1) };
}

function grow(offsets: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(offsets.length * 2);
  larger.set(offsets);
  return larger;
}

/**
 * Small records share a window, so that a file of them costs one read for each 64 KiB; where the next header lies beyond the
 * window, the next window is a small one. Synchronous, because hundreds of thousands of promises take longer than the reads.
 */
function createHeaderReader(fd: number): (offset: number) => Buffer {
  const window = Buffer.allocUnsafe(largestWindow);
  let [start, length] = [0, 0];
  return (offset) => {
    if (offset < start || offset + headerBytes > start + length) {
      const wanted = offset - start > largestWindow / 8 && start > 0 ? smallestWindow : largestWindow;
      [start, length] = [offset, 0];
      while (length < headerBytes) {
        const bytesRead = readSync(fd, window, length, wanted - length, start + length);
        if (bytesRead === 0) break;
        length += bytesRead;
      }
    }
    return window.subarray(offset - start, offset - start + headerBytes);
  };
}
