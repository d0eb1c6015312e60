import { closeSync, ftruncateSync, mkdtempSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { encodeEntry, encodeHeader } from '../../src/checkpoint/bundle-entry.js';
import {
  dataPath,
  type FileOps,
  indexPath,
  openBundle,
  realFiles,
  verifyCheckpoint,
  writeBundle,
} from '../../src/checkpoint/index.js';
import { decodeTable, encodeTable, type TableEntry } from '../../src/checkpoint/table.js';
import { float32, recompress, strings } from './support.js';

let folder: string;
let prefix: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'format-'));
  prefix = join(folder, 'ckpt-1');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('streaming', () => {
  test('a tensor may come in pieces, and go in pieces', () => {
    function* pieces() {
      for (let index = 0; index < 1000; index++) yield new Uint8Array(Float32Array.of(index, -index).buffer);
    }
    writeBundle(prefix, [['w', { dtype: 'float32', shape: [1000, 2], data: pieces() }]]);
    const bundle = openBundle(prefix);
    const read: Buffer[] = [];
    for (const piece of bundle.readChunks('w', 100)) read.push(Buffer.from(piece));
    expect(read).toHaveLength(80);
    expect(Buffer.concat(read)).toEqual(Buffer.from(bundle.read('w').data as Uint8Array));
    expect(new Float32Array((bundle.read('w').data as Uint8Array).buffer)[1999]).toBe(-999);
    bundle.close();
  });

  test('a tensor is asked for when the one before it is written', () => {
    const order: string[] = [];
    const files: FileOps = {
      ...realFiles,
      write: (file, bytes) => {
        order.push(`write ${bytes.length}`);
        realFiles.write(file, bytes);
      },
    };
    function* tensors() {
      for (const name of ['b', 'a']) {
        order.push(name);
        yield [name, float32(new Array(50_000).fill(1))] as const;
      }
    }
    writeBundle(prefix, tensors(), files);
    expect(order.slice(0, 4)).toEqual(['b', 'write 200000', 'a', 'write 200000']);
    expect(verifyCheckpoint(prefix)).toMatchObject({ ok: true, tensors: 2 });
  });

  test('strings whose lengths and bytes lie across pieces', () => {
    const many = Array.from({ length: 500 }, (_, index) => 'x'.repeat(index % 300));
    writeBundle(prefix, [['text', strings(...many)]]);
    expect(verifyCheckpoint(prefix).ok).toBe(true);
    const bundle = openBundle(prefix);
    for (const size of [1, 7, 4096]) expect(() => [...bundle.readChunks('text', size)].length).not.toThrow();
    expect((bundle.read('text').data as Uint8Array[]).map((part) => part.length)).toEqual(many.map((s) => s.length));
    bundle.close();
  });

  test('damage is told after the last piece', () => {
    writeBundle(prefix, [['w', float32(new Array(1000).fill(1))]]);
    const bytes = Buffer.alloc(4000, 0);
    writeFileSync(dataPath(prefix), bytes);
    const bundle = openBundle(prefix);
    let seen = 0;
    expect(() => {
      for (const piece of bundle.readChunks('w', 1000)) seen += piece.length;
    }).toThrow('w does not match its checksum');
    expect(seen).toBe(4000);
    bundle.close();
  });

  test('two tensors of one name are refused', () => {
    expect(() =>
      writeBundle(prefix, [
        ['w', float32([1])],
        ['w', float32([2])],
      ]),
    ).toThrow('two tensors are called w');
  });

  test('a tensor of more than 2 GiB and one behind it, on a sparse file, in bounded memory', () => {
    const piece = new Uint8Array(32 << 20);
    const last = Uint8Array.from({ length: piece.length }, () => 7);
    const pieces = 66;
    function* data() {
      for (let index = 1; index < pieces; index++) yield piece;
      yield last;
    }
    const huge = { dtype: 'uint8', shape: [pieces, piece.length], data: data() } as const;
    const before = process.memoryUsage().rss;
    const small = float32([3, 4]);
    writeBundle(prefix, Object.entries({ huge, small }), sparseFiles());
    expect(statSync(dataPath(prefix)).size).toBeGreaterThan(2 ** 31);
    expect(statSync(dataPath(prefix)).blocks * 512).toBeLessThan(64 << 20);
    expect(verifyCheckpoint(prefix)).toEqual({ ok: true, tensors: 2, bytes: pieces * piece.length + 8 });
    const bundle = openBundle(prefix);
    expect(bundle.read('small')).toEqual(float32([3, 4]));
    bundle.close();
    expect(process.memoryUsage().rss - before).toBeLessThan(400 << 20);
  });
});

/** File operations that leave holes where zeros are written. */
function sparseFiles(): FileOps {
  const ends = new Map<number, number>();
  return {
    ...realFiles,
    write: (file, bytes) => {
      const at = ends.get(file) ?? 0;
      ends.set(file, at + bytes.length);
      if (bytes.length === 1 << 20 && bytes.at(-1) === 0) ftruncateSync(file, at + bytes.length);
      else writeSync(file, bytes, 0, bytes.length, at);
    },
    close: (file) => {
      ends.delete(file);
      closeSync(file);
    },
  };
}

describe('tables as LevelDB writes them', () => {
  test('compressed blocks', () => {
    const { compress } = createRequire(import.meta.url)('snappyjs');
    const tensors = Array.from({ length: 3000 }, (_, index) => [`layer/${index}/kernel`, float32([index])] as const);
    writeBundle(prefix, tensors);
    const plain = statSync(indexPath(prefix)).size;
    writeFileSync(indexPath(prefix), recompress(indexPath(prefix), 1, compress));
    expect(statSync(indexPath(prefix)).size).toBeLessThan(plain);
    expect(verifyCheckpoint(prefix)).toMatchObject({ ok: true, tensors: 3000 });
    const bundle = openBundle(prefix);
    expect(bundle.read('layer/2999/kernel')).toEqual(float32([2999]));
    bundle.close();
  });

  test('a compression that nobody knows, and one that is none', () => {
    writeBundle(prefix, [['w', float32([1])]]);
    const good = indexPath(prefix);
    const rubbish = recompress(good, 1, () => Uint8Array.of(200, 1, 255, 255));
    writeFileSync(
      good,
      recompress(good, 4, (block) => block),
    );
    expect(verifyCheckpoint(prefix)).toMatchObject({ ok: false, reason: expect.stringContaining('type 4') });
    writeFileSync(good, rubbish);
    expect(verifyCheckpoint(prefix)).toMatchObject({ ok: false, reason: expect.stringContaining('decompressed') });
  });

  test('keys that share prefixes, over many blocks', () => {
    const entries: TableEntry[] = Array.from({ length: 20_000 }, (_, index) => [
      Buffer.from(`scope/${String(index).padStart(8, '0')}`),
      Buffer.from(`value ${index}`.repeat(4)),
    ]);
    const table = encodeTable(entries);
    expect(table.length).toBeGreaterThan(3 * 256 * 1024);
    expect(decodeTable(table).map(([key, value]) => [String(key), String(Buffer.from(value))])).toEqual(
      entries.map(([key, value]) => [String(key), String(value)]),
    );
  });
});

describe('what cannot be read is named, and is no damage', () => {
  const write = (...rows: TableEntry[]) => {
    writeFileSync(dataPath(prefix), new Uint8Array(8));
    writeFileSync(indexPath(prefix), encodeTable([[new Uint8Array(), encodeHeader(1)], ...rows]));
  };
  const entry = { dtype: 'float32', shape: [2], shard: 0, offset: 0, size: 8, crc: 0x8a9136aa } as const;

  test('an element type that we do not know', () => {
    const bytes = encodeEntry(entry);
    bytes[1] = 21;
    write([Buffer.from('v'), bytes]);
    const bundle = openBundle(prefix);
    expect(() => bundle.read('v')).toThrow(/v: it has element type 21 .* not supported/);
    bundle.close();
  });

  test('a partitioned variable', () => {
    const sliced = Buffer.concat([encodeEntry({ ...entry, size: 0, crc: 0 }), Uint8Array.of(0x3a, 2, 0x0a, 0)]);
    const slice = Buffer.from('\0embedding\0\x01\x01\x01\x80\x82', 'latin1');
    write([slice, encodeEntry(entry)], [Buffer.from('embedding'), sliced]);
    const bundle = openBundle(prefix);
    expect(bundle.names).toEqual(['embedding (slice at 0)', 'embedding']);
    expect(() => bundle.read('embedding')).toThrow(/embedding: it is a partitioned variable, saved in slices/);
    bundle.close();
  });
});
