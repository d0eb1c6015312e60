import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  dataPath,
  exportSafetensors,
  importSafetensors,
  openBundle,
  openSafetensors,
  type TensorData,
  writeBundle,
  writeSafetensors,
} from '../../../src/checkpoint/index.js';
import { fc } from '../../fast-check.js';
import { findSafetensors, runOracle } from '../../oracle/tensorflow.js';
import { float32, strings } from '../support.js';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'safetensors-'));
  path = join(folder, 'model.safetensors');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const tensors: [string, TensorData][] = [
  ['a/flag', { dtype: 'bool', shape: [3], data: Uint8Array.of(1, 0, 1) }],
  ['a/kernel', float32([1, -2, 3.5, 4, 5, 6], [2, 3])],
  ['count', { dtype: 'int64', shape: [], data: Uint8Array.of(7, 0, 0, 0, 0, 0, 0, 0) }],
  ['empty', float32([], [0, 4])],
  ['half', { dtype: 'float16', shape: [1], data: Uint8Array.of(0, 0x3c) }],
];

function readAll(file: { names: readonly string[]; read: (name: string) => TensorData; close: () => void }) {
  const content = Object.fromEntries(file.names.map((name) => [name, file.read(name)]));
  file.close();
  return content;
}

describe('round trips', () => {
  test('every tensor, aligned to its element, and the metadata', () => {
    const bytes = writeSafetensors(path, tensors, { format: 'tf' });
    expect(readFileSync(path).length).toBe(bytes);
    const file = openSafetensors(path);
    expect(file.metadata).toEqual({ format: 'tf' });
    for (const { offset, shape, size } of file.entries.values()) {
      const count = shape.reduce((product, length) => product * length, 1);
      expect(offset % Math.max(1, count === 0 ? 1 : size / count)).toBe(0);
    }
    expect(Buffer.concat([...file.readChunks('a/kernel', 1 << 20)])).toHaveLength(24);
    expect(readAll(file)).toEqual(Object.fromEntries(tensors));
  });

  test('a checkpoint through safetensors and back is the same', () => {
    const [from, to] = [join(folder, 'ckpt-1'), join(folder, 'ckpt-2')];
    const info: TensorData = { dtype: 'string', shape: [], data: [Buffer.from('{"last_completed_epoch":1}')] };
    writeBundle(from, [...tensors, ['info', info], ['texts', strings('a', 'b')]]);
    expect(exportSafetensors(from, path)).toMatchObject({ tensors: 5, leftOut: ['texts'] });
    expect(importSafetensors(path, to)).toMatchObject({ tensors: 5, leftOut: [] });
    const { texts: _, ...expected } = readAll(openBundle(from));
    expect(readAll(openBundle(to))).toEqual(expected);
  });

  test('a damaged checkpoint is not exported', () => {
    const from = join(folder, 'ckpt-1');
    writeBundle(from, tensors);
    const bytes = readFileSync(dataPath(from));
    bytes[5] = (bytes[5] ?? 0) ^ 1;
    writeFileSync(dataPath(from), bytes);
    expect(() => exportSafetensors(from, path)).toThrow('does not match its checksum');
    expect(() => readFileSync(path)).toThrow('ENOENT');
  });

  test('a type that safetensors lacks', () => {
    expect(() => writeSafetensors(path, [['q', { dtype: 'qint8', shape: [1], data: Uint8Array.of(1) }]])).toThrow(
      'q is qint8, which safetensors does not have',
    );
  });
});

describe('what is wrong with a file is said', () => {
  const write = (header: unknown, dataBytes: number) => {
    const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(json.length));
    writeFileSync(path, Buffer.concat([length, json, Buffer.alloc(dataBytes)]));
  };
  const w = (change: object = {}) => ({ w: { dtype: 'F32', shape: [2], data_offsets: [0, 8], ...change } });

  test.each([
    ['cut off', w(), 7, /it has \d+ bytes, expected \d+/],
    ['too long', w(), 9, /it has \d+ bytes, expected \d+/],
    ['a hole', { ...w(), v: { dtype: 'U8', shape: [1], data_offsets: [9, 10] } }, 10, /v begins at byte \d+/],
    ['an overlap', { ...w(), v: { dtype: 'U8', shape: [1], data_offsets: [7, 8] } }, 8, /v begins at byte \d+/],
    ['a wrong length', w({ shape: [3] }), 8, /w has 8 bytes for F32 \[3\], expected 12/],
    ['a wrong shape', w({ shape: [-1] }), 8, /the shape of w is \[-1\]/],
    ['wrong offsets', w({ data_offsets: [0] }), 8, /the data_offsets of w are \[0\]/],
    ['an unknown type', w({ dtype: 'F6' }), 8, /w has element type F6, which is not supported/],
    ['no object', [], 0, /no JSON object/],
    ['no JSON', '{"w":', 0, /its header is no JSON/],
    ['metadata that is no text', { __metadata__: { a: 1 } }, 0, /__metadata__ holds more than strings/],
  ])('%s', (_, header, dataBytes, message) => {
    write(header, dataBytes);
    expect(() => openSafetensors(path)).toThrow(message);
  });

  test('garbage and truncation are an error for the user, and nothing else', () => {
    writeSafetensors(path, tensors);
    const good = readFileSync(path);
    const isRefused = (bytes: Uint8Array) => {
      writeFileSync(path, bytes);
      expect(() => openSafetensors(path).close()).toThrow(expect.objectContaining({ code: 'CHECKPOINT_CORRUPT' }));
    };
    for (let length = 0; length < good.length; length += 5) isRefused(good.subarray(0, length));
    fc.assert(fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), isRefused), { numRuns: 100 });
    expect(() => openSafetensors(join(folder, 'none'))).toThrow(
      expect.objectContaining({ code: 'CHECKPOINT_MISSING' }),
    );
  });
});

const python = findSafetensors();
test.skipIf(python === undefined)('Python reads ours, and we read what Python writes', () => {
  writeSafetensors(path, tensors, { format: 'tf' });
  const again = join(folder, 'python.safetensors');
  const printed = JSON.parse(runOracle(python ?? '', 'safetensors_oracle.py', path, again));
  const expected = tensors.map(([name, { dtype, shape, data }]) => [
    name,
    [dtype, shape, Buffer.from(data as Uint8Array).toString('hex')],
  ]);
  expect(printed).toEqual({ tensors: Object.fromEntries(expected), metadata: { format: 'tf' } });
  const file = openSafetensors(again);
  expect(file.metadata).toEqual({ format: 'tf' });
  expect(readAll(file)).toEqual(Object.fromEntries(tensors));
});
