import {
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  dataPath,
  dtypes,
  elementBytes,
  indexPath,
  type NumericDType,
  openBundle,
  sampleTensors,
  type TensorData,
  verifyCheckpoint,
  writeBundle,
} from '../../src/checkpoint/index.js';
import { listBlocks } from '../../src/checkpoint/table.js';
import { SuperviseError } from '../../src/protocol/index.js';
import { fc } from '../fast-check.js';
import { float32, strings } from './support.js';

let folder: string;
let prefix: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bundle-'));
  prefix = join(folder, 'ckpt-1');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function readAll(path: string): Record<string, TensorData> {
  const bundle = openBundle(path);
  try {
    return Object.fromEntries(bundle.names.map((name) => [name, bundle.read(name)]));
  } finally {
    bundle.close();
  }
}

describe('round trip', () => {
  test.each(dtypes.filter((dtype): dtype is NumericDType => dtype !== 'string'))('%s', (dtype) => {
    const data = Uint8Array.from({ length: 6 * elementBytes[dtype] }, (_, index) => index * 7);
    writeBundle(prefix, [['a/b', { dtype, shape: [2, 3], data }]]);
    expect(readAll(prefix)).toEqual({ 'a/b': { dtype, shape: [2, 3], data } });
  });

  test('scalars, empty tensors and strings of every length', () => {
    const long = 'x'.repeat(100_000);
    writeBundle(prefix, [
      ['scalar', float32([0.5], [])],
      ['empty', float32([], [0, 3])],
      ['text', strings('', 'é', long)],
    ]);
    const read = readAll(prefix);
    expect(read['scalar']).toEqual(float32([0.5], []));
    expect(read['empty']).toEqual(float32([], [0, 3]));
    expect(([read['text']?.data ?? []].flat() as Uint8Array[]).map((part) => Buffer.from(part).toString())).toEqual([
      '',
      'é',
      long,
    ]);
  });

  test('ten thousand tensors, over several blocks of the index', () => {
    const tensors = Array.from({ length: 10_000 }, (_, index): [string, TensorData] => [
      `layer/${index}/kernel/with/a/long/name`,
      float32([index]),
    ]);
    writeBundle(prefix, tensors);
    expect(readFileSync(indexPath(prefix)).length).toBeGreaterThan(256 * 1024);
    const bundle = openBundle(prefix);
    expect(bundle.names).toHaveLength(10_000);
    expect(bundle.read('layer/9999/kernel/with/a/long/name')).toEqual(float32([9999]));
    bundle.close();
  });

  test('any names and values', () => {
    const names = fc.uniqueArray(fc.string({ minLength: 1, unit: 'grapheme' }), { maxLength: 20 });
    fc.assert(
      fc.property(names, fc.float(), (unique, value) => {
        writeBundle(
          prefix,
          unique.map((name) => [name, float32([value])]),
        );
        return unique.every((name) =>
          Object.is(
            new Float32Array(((readAll(prefix)[name]?.data ?? new Uint8Array(4)) as Uint8Array).buffer)[0],
            Math.fround(value),
          ),
        );
      }),
      { numRuns: 30 },
    );
  });

  test('bytes that do not fit the shape are refused, and nothing is written', () => {
    expect(() => writeBundle(prefix, [['w', { ...float32([1, 2]), shape: [3] }]])).toThrow(
      'w: 8 bytes for float32 [3], expected 12',
    );
    expect(() => statSync(dataPath(prefix))).toThrow('ENOENT');
  });
});

describe('damage is always detected', () => {
  const tensors: [string, TensorData][] = [
    ['a', float32(Array.from({ length: 300 }, (_, index) => index))],
    ['b', strings('one', 'two')],
    ['c', float32([1], [])],
  ];

  test('a flipped bit at any of 1,000 places', () => {
    writeBundle(prefix, tensors);
    const places = [dataPath(prefix), indexPath(prefix)].map((path) => ({ path, good: readFileSync(path) }));
    const total = places.reduce((sum, { good }) => sum + good.length, 0);
    const undetected: string[] = [];
    for (let trial = 0; trial < 1000; trial++) {
      const at = Math.floor((trial * 7919 * 13) % total);
      const inData = at < (places[0]?.good.length ?? 0);
      const { path, good } = places[inData ? 0 : 1] as (typeof places)[number];
      const bad = Buffer.from(good);
      const index = inData ? at : at - (places[0]?.good.length ?? 0);
      bad[index] = (bad[index] ?? 0) ^ (1 << (trial % 8));
      writeFileSync(path, bad);
      if (verifyCheckpoint(prefix).ok) undetected.push(`${path} byte ${index}`);
      writeFileSync(path, good);
    }
    expect(undetected).toEqual([]);
    expect(verifyCheckpoint(prefix).ok).toBe(true);
  });

  test('a truncation at every boundary of the index: blocks, trailers, footer', () => {
    const many = Array.from({ length: 6000 }, (_, index): [string, TensorData] => [
      `layer/${index}/with/a/name/that/is/long/enough`,
      float32([index]),
    ]);
    writeBundle(prefix, many);
    const good = readFileSync(indexPath(prefix));
    const { data, meta, index } = listBlocks(good);
    expect(data.length).toBeGreaterThan(1);
    const blocks = [...data, meta, index];
    expect(blocks.at(-1)).toMatchObject({ offset: good.length - 48 - 5 - index.size });
    for (const { offset, size } of blocks)
      for (const length of [offset, offset + size, offset + size + 1, offset + size + 5])
        for (const around of [length - 1, length, length + 1].filter((cut) => cut >= 0 && cut < good.length)) {
          writeFileSync(indexPath(prefix), good.subarray(0, around));
          expect(verifyCheckpoint(prefix, 'quick').ok, `cut at ${around}`).toBe(false);
        }
  });

  test('blocks and their checksums, footer and tensors leave no byte unchecked', () => {
    writeBundle(prefix, tensors);
    const good = readFileSync(indexPath(prefix));
    const { data, meta, index } = listBlocks(good);
    // Each block is followed by its compression type and checksum; the footer by nothing.
    const covered = [...data, meta, index].reduce((sum, { size }) => sum + size + 5, 48);
    expect(covered).toBe(good.length);
    const bundle = openBundle(prefix);
    const stored = [...bundle.entries.values()].reduce((sum, { size }) => sum + size, 0);
    bundle.close();
    expect(stored).toBe(statSync(dataPath(prefix)).size);
  });

  test.each([dataPath, indexPath])('a truncation at any byte (%o)', (pathOf) => {
    writeBundle(prefix, tensors);
    const good = readFileSync(pathOf(prefix));
    for (let length = good.length - 1; length >= 0; length -= 3) {
      truncateSync(pathOf(prefix), length);
      expect(verifyCheckpoint(prefix, 'quick').ok, `cut at ${length}`).toBe(false);
    }
  });

  test('garbage is never more than an error for the user', () => {
    writeBundle(prefix, tensors);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), (garbage) => {
        writeFileSync(indexPath(prefix), garbage);
        try {
          openBundle(prefix).close();
          return false;
        } catch (error) {
          return error instanceof SuperviseError && error.code === 'CHECKPOINT_CORRUPT';
        }
      }),
      { numRuns: 1000 },
    );
  });

  test('quick verification reads a sample that depends on the names alone, and finds damage in it', () => {
    const many = Array.from({ length: 100 }, (_, index): [string, TensorData] => [`t/${index}`, float32([index])]);
    writeBundle(prefix, many);
    const bundle = openBundle(prefix);
    const sample = sampleTensors(bundle);
    const offsets = new Map([...bundle.entries].map(([name, { offset }]) => [name, offset]));
    bundle.close();
    expect(new Set(sample).size).toBe(16);
    expect(sampleTensors({ entries: new Map([...bundle.entries].reverse()) })).toEqual(sample);
    const good = readFileSync(dataPath(prefix));
    for (const [name, offset] of offsets) {
      const bad = Buffer.from(good);
      bad[offset] = (bad[offset] ?? 0) ^ 1;
      writeFileSync(dataPath(prefix), bad);
      expect(verifyCheckpoint(prefix, 'quick').ok, name).toBe(!sample.includes(name));
      expect(verifyCheckpoint(prefix, 'full').ok).toBe(false);
    }
  });

  test('a tensor of many pieces is checked piece by piece, to its last byte', () => {
    const bytes = 5 * 1024 * 1024 + 3;
    writeBundle(prefix, [['big', { dtype: 'uint8', shape: [bytes], data: new Uint8Array(bytes).fill(7) }]]);
    expect(verifyCheckpoint(prefix)).toMatchObject({ ok: true, bytes });
    const file = openSync(dataPath(prefix), 'r+');
    writeSync(file, Buffer.from([6]), 0, 1, bytes - 1);
    closeSync(file);
    expect(verifyCheckpoint(prefix).ok).toBe(false);
  });

  test('the error names the file and the tensor', () => {
    writeBundle(prefix, tensors);
    const bytes = readFileSync(dataPath(prefix));
    bytes[10] = 99;
    writeFileSync(dataPath(prefix), bytes);
    const verdict = verifyCheckpoint(prefix);
    expect(verdict.ok ? '' : verdict.reason).toMatch(/ckpt-1\.data-00000-of-00001: a .*does not match its checksum/);
  });
});
