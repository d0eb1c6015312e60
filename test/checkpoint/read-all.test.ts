import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checksum } from '../../src/checkpoint/crc.js';
import {
  dataPath,
  indexPath,
  openBundle,
  realFiles,
  type TensorData,
  writeBundle,
  writeBundleAsync,
} from '../../src/checkpoint/index.js';
import { flipBit, float32, strings } from './support.js';

let folder: string;
let prefix: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'read-all-'));
  prefix = join(folder, 'ckpt-1');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const large = (megabytes: number, seed: number): TensorData => {
  const values = Float32Array.from({ length: megabytes * 250_000 }, (_, index) => Math.sin(index * seed));
  return { dtype: 'float32', shape: [values.length], data: new Uint8Array(values.buffer) };
};

/** Many small ones, some of several pieces, an empty one, strings; more than is read without threads. */
const mixed: readonly (readonly [string, TensorData])[] = [
  ...Array.from({ length: 50 }, (_, index) => [`small${index}`, float32([index, index + 0.5])] as const),
  ['b/wide', large(5, 1)],
  ['c/empty', float32([], [0, 3])],
  ['d/text', strings('', 'naïve', 'x'.repeat(300))],
  ['e/wide', large(6, 2)],
];

async function collect(names?: Iterable<string>, into?: (name: string) => Uint8Array | undefined) {
  const bundle = openBundle(prefix);
  const found: [string, TensorData][] = [];
  try {
    for await (const [name, tensor] of bundle.readAll(names, into)) found.push([name, tensor]);
  } finally {
    bundle.close();
  }
  return found;
}

/** To compare millions of bytes quickly. */
function digest({ dtype, shape, data }: TensorData) {
  const parts = data instanceof Uint8Array ? [data] : data;
  return { dtype, shape, sums: parts.map((part) => checksum(part)), lengths: parts.map(({ length }) => length) };
}

describe('readAll', () => {
  test('reads what read does, in the order of the file or of the names', async () => {
    writeBundle(prefix, mixed);
    const bundle = openBundle(prefix);
    const found = (await collect()).map(([name, tensor]) => [name, digest(tensor)]);
    const inOrder = mixed.map(([name]) => name);
    expect(inOrder).not.toEqual(bundle.names);
    expect(found).toEqual(inOrder.map((name) => [name, digest(bundle.read(name))]));
    bundle.close();
    const names = ['e/wide', 'small7', 'd/text', 'b/wide'];
    expect((await collect(names)).map(([name]) => name)).toEqual(names);
  });

  test('reads into memory that is given, and so does read', async () => {
    writeBundle(prefix, mixed);
    const own = new Uint8Array(5_000_000);
    const found = new Map(await collect(undefined, (name) => (name === 'b/wide' ? own : undefined)));
    expect(found.get('b/wide')?.data).toBe(own);
    expect(Buffer.compare(own, mixed.find(([name]) => name === 'b/wide')?.[1].data as Uint8Array)).toBe(0);
    const bundle = openBundle(prefix);
    own.fill(0);
    expect(bundle.read('b/wide', own).data).toBe(own);
    expect(own.some((byte) => byte !== 0)).toBe(true);
    expect(() => bundle.read('e/wide', own)).toThrow('e/wide: memory of 5000000 bytes for 6000000');
    bundle.close();
    await expect(collect(['e/wide'], () => own)).rejects.toThrow(RangeError);
  });

  test('damage ends it at the tensor that has it, after all before it', async () => {
    writeBundle(prefix, mixed);
    const { offset, size } = openEntry('e/wide');
    flipBit(dataPath(prefix), offset + size - 1, 3);
    const names: string[] = [];
    const bundle = openBundle(prefix);
    const read = async () => {
      for await (const [name] of bundle.readAll(['b/wide', 'd/text', 'e/wide', 'small0'])) names.push(name);
    };
    await expect(read()).rejects.toMatchObject({
      code: 'CHECKPOINT_CORRUPT',
      message: expect.stringContaining('e/wide'),
    });
    expect(names).toEqual(['b/wide', 'd/text']);
    bundle.close();
  });

  test('may be left before its end, and the file be closed', async () => {
    writeBundle(prefix, mixed);
    const bundle = openBundle(prefix);
    for await (const [name] of bundle.readAll()) {
      expect(name).toBe('small0');
      break;
    }
    bundle.close();
  });
});

function openEntry(name: string) {
  const bundle = openBundle(prefix);
  bundle.close();
  return bundle.entries.get(name) ?? { offset: 0, size: 0 };
}

describe('writeBundleAsync', () => {
  test('writes the same bytes, lets others work meanwhile, and begins to flush before its end', async () => {
    const state = [...mixed, ['f/huge', large(50, 3)] as const];
    writeBundle(prefix, state);
    let turns = 0;
    let told = 0;
    const timer = setInterval(() => turns++, 0);
    const startFlushAhead: typeof realFiles.startFlushAhead = (path) => {
      const ahead = realFiles.startFlushAhead(path);
      return {
        ...ahead,
        wrote: (bytes) => {
          told += bytes;
          ahead.wrote(bytes);
        },
      };
    };
    const other = join(folder, 'ckpt-2');
    const bytes = await writeBundleAsync(other, state, { ...realFiles, startFlushAhead });
    clearInterval(timer);
    for (const path of [dataPath, indexPath])
      expect(Buffer.compare(readFileSync(path(other)), readFileSync(path(prefix)))).toBe(0);
    expect(turns).toBeGreaterThan(0);
    expect(told).toBe(bytes);
  });
});
