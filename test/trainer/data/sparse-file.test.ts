import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { frameRecord } from '../../../src/trainer/data/tf-record-frame.js';
import { openTfRecord } from '../../../src/trainer/data/tf-record-reader.js';
import { temporaryFolder } from '../support.js';

test('a file of 10 GB is indexed and read with a few megabytes of memory', async () => {
  const path = join(temporaryFolder(), 'huge.tfrecord');
  const recordBytes = 1 << 20;
  const count = 10_240;
  // A sparse file: every record's header and footer are real, the data between them is a hole that reads as zeros.
  const frame = frameRecord(Buffer.alloc(recordBytes));
  const file = openSync(path, 'w');
  for (let record = 0; record < count; record++) {
    writeSync(file, frame, 0, 12, record * frame.length);
    writeSync(file, frame, frame.length - 4, 4, (record + 1) * frame.length - 4);
  }
  closeSync(file);

  const before = process.memoryUsage().arrayBuffers;
  const opened = await openTfRecord(path);
  expect(opened.size).toBe(count);
  const last = await opened.read(count - 1);
  expect(last.length).toBe(recordBytes);
  expect(last.every((byte) => byte === 0)).toBe(true);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 << 20);
  await opened.close();
});
