import { createReadStream } from 'node:fs';
import { createGunzip, createInflate } from 'node:zlib';
import { systemErrorCode } from '../../protocol/index.js';
import type { Compression } from './compression.js';
import type { RecordFile } from './record-file.js';
import { corruptRecord, endsEarly } from './tf-record-errors.js';
import { footerBytes, headerBytes, maskedCrc32c, readRecordLength } from './tf-record-frame.js';

const chunkBytes = 256 * 1024;
/** Decompressed by zlib's thread while records are being parsed. */
const aheadBytes = 4 * 1024 * 1024;

/** A compressed file whose number of records is known. */
export function openCompressedRecords(path: string, compression: Compression, size: number): RecordFile {
  const cursor = createCursor(() => readCompressedRecords(path, compression));
  return {
    path,
    size,
    isSequential: true,
    offsetOf: () => 0,
    read: (record) => {
      if (!(record >= 0 && record < size)) throw new RangeError(`record ${record} of ${size}`);
      return cursor.read(record);
    },
    records: () => readCompressedRecords(path, compression),
    close: cursor.close,
  };
}

/**
 * Reads a compressed TFRecord file from front to back, in memory of one record and 4 MiB. `check: false`
 * leaves the data's CRCs alone; the compression has one of its own.
 * @throws DATA_CORRUPT for a damaged record, and for a file that cannot be decompressed or ends early
 */
export async function* readCompressedRecords(
  path: string,
  compression: Compression,
  check = true,
): AsyncGenerator<Buffer, void, void> {
  const source = createReadStream(path, { highWaterMark: chunkBytes });
  const options = { chunkSize: chunkBytes, readableHighWaterMark: aheadBytes };
  const inflated = source.pipe(compression === 'GZIP' ? createGunzip(options) : createInflate(options));
  source.on('error', (error) => inflated.destroy(error));
  let [record, offset] = [0, 0];
  const pending = createQueue();
  try {
    for await (const chunk of inflated) {
      pending.push(chunk as Buffer);
      for (;;) {
        const length = lengthOfNext(pending, path, record, offset);
        if (length === undefined || pending.bytes() < headerBytes + length + footerBytes) break;
        const frame = pending.take(headerBytes + length + footerBytes);
        const data = frame.subarray(headerBytes, headerBytes + length);
        if (check && frame.readUInt32LE(headerBytes + length) !== maskedCrc32c(data))
          throw corruptRecord(path, record, offset, 'the checksum of the record is wrong');
        yield data;
        record++;
        offset += frame.length;
      }
    }
    if (pending.bytes() > 0) throw endsEarly(path, record, offset);
  } catch (error) {
    throw explainInflateError(error, path, record, offset);
  } finally {
    source.destroy();
    inflated.destroy();
  }
}

function lengthOfNext(pending: Queue, path: string, record: number, offset: number): number | undefined {
  if (pending.bytes() < headerBytes) return undefined;
  const length = readRecordLength(pending.peek(headerBytes));
  if (length !== undefined) return length;
  throw corruptRecord(path, record, offset, 'the checksum of the record length is wrong');
}

function explainInflateError(error: unknown, path: string, record: number, offset: number): unknown {
  const code = systemErrorCode(error);
  if (code === 'Z_BUF_ERROR') return endsEarly(path, record, offset, error);
  if (code?.startsWith('Z_') !== true) return error;
  const what = `the compressed data is damaged (${(error as Error).message})`;
  return corruptRecord(path, record, offset, what, error);
}

interface Queue {
  readonly bytes: () => number;
  readonly push: (chunk: Buffer) => void;
  /** The first bytes, which stay. */
  readonly peek: (length: number) => Buffer;
  /** The first bytes, as memory of their own. */
  readonly take: (length: number) => Buffer;
}

/** Bytes that have come and were not taken yet. */
function createQueue(): Queue {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const peek = (length: number) => {
    const [first] = chunks;
    if (first !== undefined && first.length >= length) return first.subarray(0, length);
    return Buffer.concat(chunks, length);
  };
  return {
    bytes: () => bytes,
    push: (chunk) => {
      chunks.push(chunk);
      bytes += chunk.length;
    },
    peek,
    take: (length) => {
      const isWhole = (chunks[0]?.length ?? 0) >= length;
      const taken = isWhole ? Buffer.from(peek(length)) : peek(length);
      bytes -= length;
      for (let left = length; left > 0; ) {
        const first = chunks[0] as Buffer;
        if (first.length > left) chunks[0] = first.subarray(left);
        else chunks.shift();
        left -= Math.min(left, first.length);
      }
      return taken;
    },
  };
}

/** Reads single records of a stream: those after the last one by going on, earlier ones by starting again. */
function createCursor(start: () => AsyncGenerator<Buffer, void, void>) {
  let stream: AsyncGenerator<Buffer, void, void> | undefined;
  let next = 0;
  let last: Promise<unknown> = Promise.resolve();
  const seek = async (record: number): Promise<Buffer> => {
    if (stream === undefined || record < next) {
      await stream?.return();
      [stream, next] = [start(), 0];
    }
    for (;;) {
      const { value, done } = await stream.next();
      if (done === true) throw new RangeError(`record ${record} of ${next}: the file has changed`);
      if (next++ === record) return value;
    }
  };
  const inTurn = <Result>(act: () => Promise<Result>): Promise<Result> => {
    const turn = last.then(act);
    last = turn.catch(() => undefined);
    return turn;
  };
  return {
    read: (record: number) => inTurn(() => seek(record)),
    close: () =>
      inTurn(async () => {
        await stream?.return();
      }),
  };
}
