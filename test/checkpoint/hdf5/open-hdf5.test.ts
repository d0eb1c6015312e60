import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { NumericDType } from '../../../src/checkpoint/bundle-types.js';
import { openHdf5 } from '../../../src/checkpoint/hdf5/index.js';
import { openTensorFile } from '../../../src/checkpoint/index.js';
import { toNumbers } from '../../../src/checkpoint/inspect/to-numbers.js';
import { SuperviseError } from '../../../src/protocol/index.js';
import { findTensorFlow, runOracle } from '../../oracle/tensorflow.js';

const fixture = fileURLToPath(new URL('../../fixtures/keras/places.weights.h5.gz', import.meta.url));
const python = findTensorFlow() ?? '';
let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'supervise-hdf5-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Written {
  readonly dtype: string;
  readonly shape: number[];
  readonly values: number[];
}

describe.skipIf(python === '')('an HDF5 file that h5py has written', () => {
  test.each(['earliest', 'latest'])('in the %s version of the format is read as it was written', (version) => {
    const path = join(folder, `${version}.h5`);
    const written: Record<string, Written> = JSON.parse(runOracle(python, 'hdf5_file.py', path, version));
    const file = openTensorFile(path);
    for (const [name, { dtype, shape, values }] of Object.entries(written)) {
      const read = file.read(name);
      expect([name, read.dtype, read.shape]).toEqual([name, dtype, shape]);
      const numbers = toNumbers(read.dtype as NumericDType, read.data as Uint8Array);
      expect(Array.from(numbers, Number), name).toEqual(values);
      expect(Buffer.concat([...file.readChunks(name)])).toEqual(Buffer.from(read.data as Uint8Array));
    }
    expect(new Set(file.names)).toEqual(new Set([...Object.keys(written), 'text', 'big']));
    expect(() => file.read('text')).toThrow(/elements of the type strings are not read/);
    expect(() => file.read('big')).toThrow(/big-endian/);
    expect(() => file.read('nothing')).toThrow(/no tensor nothing/);
    file.close();
  });

  test('has its lists of strings, of fixed and of any length', () => {
    const path = join(folder, 'attributes.h5');
    runOracle(python, 'hdf5_file.py', path, 'earliest');
    const file = openHdf5(path);
    expect(file.attributes('').get('fixed')).toEqual(['ab', 'cde']);
    expect(file.attributes('').get('long')?.at(-1)).toBe('layer_199');
    expect([...file.attributes('deep')]).toEqual([['any length', ['kernel:0', 'bias:0', '']]]);
    expect(file.attributes('plain').size + file.attributes('nowhere').size).toBe(0);
    file.close();
  });
});

describe('a damaged HDF5 file', () => {
  const bytes = gunzipSync(readFileSync(fixture));

  /** Opens bytes as a file and reads everything. */
  function readAll(damaged: Buffer): void {
    const path = join(folder, 'damaged.h5');
    writeFileSync(path, damaged);
    const file = openHdf5(path);
    try {
      for (const name of file.names) file.read(name);
      file.attributes('layers/conv2d/vars');
    } finally {
      file.close();
    }
  }

  test('cut short anywhere is refused', () => {
    for (let part = 0; part < 40; part++)
      expect(() => readAll(bytes.subarray(0, Math.floor((part / 40) * bytes.length)))).toThrow(SuperviseError);
    expect(() => readAll(bytes)).not.toThrow();
  });

  test('with changed bytes is refused or read, but nothing else goes wrong', () => {
    let refused = 0;
    const count = process.env['SOAK'] === undefined ? 120 : 10_000;
    for (let index = 0; index < count; index++) {
      const damaged = Buffer.from(bytes);
      // Most of a file of many small groups is headers.
      const at = (index * 7919) % bytes.length;
      damaged.fill(index % 2 === 0 ? 0xff : index, at, at + 1 + (index % 9));
      try {
        readAll(damaged);
      } catch (error) {
        expect(error).toBeInstanceOf(SuperviseError);
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(count / 40);
  });

  test('that is missing, or is no HDF5 file, is refused by name', () => {
    expect(() => openHdf5(join(folder, 'nowhere.h5'))).toThrow(/no such file/);
    expect(() => readAll(Buffer.alloc(4096, 7))).toThrow(/does not begin as an HDF5 file/);
  });
});
