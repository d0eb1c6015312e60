import { appendFileSync, copyFileSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { SuperviseError } from '../../../src/protocol/index.js';
import { frameRecord, maskedCrc32c } from '../../../src/trainer/data/tf-record-frame.js';
import { openTfRecord } from '../../../src/trainer/data/tf-record-reader.js';
import { writeTfRecord } from '../../../src/trainer/data/tf-record-writer.js';
import { fc } from '../../fast-check.js';
import { temporaryFolder } from '../support.js';

let path: string;
beforeEach(() => {
  path = join(temporaryFolder(), 'lines.tfrecord');
});

const records = [Buffer.from('first'), Buffer.alloc(0), Buffer.alloc(100_000, 7), Buffer.from('last')];

async function readAll(): Promise<Buffer[]> {
  const file = await openTfRecord(path);
  try {
    return await Promise.all(Array.from({ length: file.size }, (_, record) => file.read(record)));
  } finally {
    await file.close();
  }
}

async function failure(promise: Promise<unknown>): Promise<SuperviseError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof SuperviseError)) throw new Error(`no SuperviseError but ${error}`);
  return error;
}

function flipByte(offset: number): void {
  const bytes = readFileSync(path);
  bytes[offset] = (bytes[offset] ?? 0) ^ 0x10;
  writeFileSync(path, bytes);
}

describe('TFRecord files', () => {
  test('records come back in order and at random, and nothing else is left in the folder', async () => {
    expect(await writeTfRecord(path, records)).toBe(4);
    expect(await readAll()).toEqual(records);
    expect(readdirSync(join(path, '..'))).toEqual(['lines.tfrecord']);
  });

  test('any records of any sizes, across the windows that the index is read in', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(70_000), { maxLength: 20 }), async (sizes) => {
        const written = sizes.map((size, i) => Buffer.alloc(size, i + 1));
        await writeTfRecord(path, written);
        expect(await readAll()).toEqual(written);
      }),
      { numRuns: 15 },
    );
  });

  test('more records than the index begins with', async () => {
    const many = Array.from({ length: 5000 }, (_, i) => Buffer.from(String(i)));
    await writeTfRecord(path, many);
    const file = await openTfRecord(path);
    expect(file.size).toBe(5000);
    expect(String(await file.read(4999))).toBe('4999');
    expect(String(await file.read(1024))).toBe('1024');
    await file.close();
  });

  test('the frame of TensorFlow, byte by byte', () => {
    // tf.io.TFRecordWriter of TensorFlow 2.21, record b"hello"
    expect(frameRecord(Buffer.from('hello')).toString('hex')).toBe('0500000000000000eab2043e68656c6c6fbb1f1c19');
    expect(maskedCrc32c(Buffer.from('123456789'))).toBe(
      (((0xe3069283 >>> 15) | (0xe3069283 << 17)) + 0xa282ead8) >>> 0,
    );
  });

  test('a damaged record is named; the others can still be read', async () => {
    await writeTfRecord(path, records);
    const start = 12 + 5 + 4 + (12 + 0 + 4);
    flipByte(start + 12 + 500);
    const file = await openTfRecord(path);
    const error = await failure(file.read(2));
    expect(error.code).toBe('DATA_CORRUPT');
    expect(error.message).toContain(`${path}: record 2 (from 0) at byte ${start}`);
    expect(error.message).toContain('checksum');
    expect(String(await file.read(3))).toBe('last');
    await file.close();
  });

  test('a damaged length is found on opening, before it is believed', async () => {
    await writeTfRecord(path, records);
    flipByte(12 + 5 + 4 + 3);
    const error = await failure(openTfRecord(path));
    expect(error.message).toContain(`${path}: record 1 (from 0) at byte 21`);
    expect(error.message).toContain('checksum of the record length');
  });

  test.each([1, 5, 11, 12, 15, 19])('a file cut %d bytes before its end names the last record', async (missing) => {
    await writeTfRecord(path, records);
    const size = readFileSync(path).length;
    truncateSync(path, size - missing);
    const error = await failure(openTfRecord(path));
    expect(error.code).toBe('DATA_CORRUPT');
    expect(error.message).toContain(`record 3 (from 0) at byte ${size - 20}`);
    expect(error.message).toContain('ends inside');
  });

  test('a file cut while it is open', async () => {
    await writeTfRecord(path, records);
    const file = await openTfRecord(path);
    truncateSync(path, 100);
    expect((await failure(file.read(2))).message).toContain('ends inside this record');
    await file.close();
  });

  test('a file that is something else', async () => {
    writeFileSync(path, 'this is a text file, not a TFRecord file');
    expect((await failure(openTfRecord(path))).message).toContain('record 0 (from 0) at byte 0');
    writeFileSync(path, '');
    expect(await readAll()).toEqual([]);
  });

  test('a missing file', async () => {
    const error = await failure(openTfRecord(path));
    expect(error.code).toBe('DATA_MISSING');
    expect(error.message).toContain('no such file');
  });

  test('a record that does not exist', async () => {
    await writeTfRecord(path, records);
    const file = await openTfRecord(path);
    await expect(file.read(4)).rejects.toThrow(RangeError);
    await expect(file.read(-1)).rejects.toThrow(RangeError);
    await file.close();
  });

  test('a writer that fails leaves the old file and no temporary one', async () => {
    await writeTfRecord(path, records);
    async function* failing() {
      yield Buffer.alloc(3 << 20);
      throw new Error('no more');
    }
    await expect(writeTfRecord(path, failing())).rejects.toThrow('no more');
    expect(await readAll()).toEqual(records);
    expect(readdirSync(join(path, '..'))).toEqual(['lines.tfrecord']);
  });

  test('files joined end to end are one file', async () => {
    await writeTfRecord(path, records);
    const copy = `${path}.copy`;
    copyFileSync(path, copy);
    appendFileSync(path, readFileSync(copy));
    expect(await readAll()).toEqual([...records, ...records]);
  });
});
