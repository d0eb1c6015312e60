import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { dtypes, type NumericDType, openBundle, type TensorData } from '../../src/checkpoint/index.js';
import { findTensorFlow, runTensorFlow } from '../oracle/tensorflow.js';
import { commitEpoch, float32, strings } from './support.js';

const python = findTensorFlow();

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tensorflow-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const oneBytes: Record<NumericDType, readonly number[]> = {
  float16: [0, 0x3c],
  bfloat16: [0x80, 0x3f],
  float32: [0, 0, 0x80, 0x3f],
  float64: [0, 0, 0, 0, 0, 0, 0xf0, 0x3f],
  ...{ int8: [1], int16: [1, 0], int32: [1, 0, 0, 0], int64: [1, 0, 0, 0, 0, 0, 0, 0] },
  ...{ uint8: [1], uint16: [1, 0], uint32: [1, 0, 0, 0], uint64: [1, 0, 0, 0, 0, 0, 0, 0], bool: [1] },
  ...{
    complex64: [0, 0, 0x80, 0x3f, 0, 0, 0, 0],
    complex128: [...[0, 0, 0, 0, 0, 0, 0xf0, 0x3f], ...new Array(8).fill(0)],
  },
  ...{ qint8: [1], quint8: [1], qint16: [1, 0], quint16: [1, 0], qint32: [1, 0, 0, 0] },
  ...{ float8_e5m2: [0x3c], float8_e4m3fn: [0x38], int4: [1], uint4: [1] },
};

describe.skipIf(python === undefined)('against TensorFlow', () => {
  test('Python finds and reads the newest of our checkpoints, in every element type', () => {
    const ones = dtypes
      .filter((dtype): dtype is NumericDType => dtype !== 'string')
      .map((dtype): [string, TensorData] => {
        const data = Uint8Array.from([...oneBytes[dtype], ...oneBytes[dtype], ...oneBytes[dtype]]);
        return [`ones/${dtype}/.ATTRIBUTES/VARIABLE_VALUE`, { dtype, shape: [3], data }];
      });
    const many = Array.from({ length: 2000 }, (_, index): [string, TensorData] => [`many/${index}`, float32([index])]);
    commitEpoch(directory, 1);
    commitEpoch(directory, 2, {
      tensors: [...ones, ...many, ['text', strings('', 'é', 'x'.repeat(3000))], ['scalar', float32([2.5], [])]],
    });
    const lines = runTensorFlow(python ?? '', 'read_checkpoint.py', directory, 'all')
      .trim()
      .split('\n');
    const rows = lines.map((line) => JSON.parse(line));
    expect(rows.at(-1)).toEqual({ prefix: join(directory, 'ckpt-2'), tensors: 24 + 2000 + 3 });
    const byName = new Map(rows.map((row) => [row.name, row]));
    for (const [name, { dtype }] of ones) expect(byName.get(name)).toEqual({ name, dtype, shape: [3], sum: 3 });
    expect(byName.get('many/1999')).toMatchObject({ sum: 1999, shape: [1] });
    expect(byName.get('text')).toMatchObject({ shape: [3], sum: ['', 'é', 'x'.repeat(3000)] });
    expect(byName.get('scalar')).toMatchObject({ shape: [], sum: 2.5 });
    expect(JSON.parse(byName.get('_supervise/epoch_info/.ATTRIBUTES/VARIABLE_VALUE').sum[0])).toMatchObject({
      last_completed_epoch: 2,
    });
  });

  test('we read what Python writes: objects, a Keras model, several data files', () => {
    const written = JSON.parse(
      runTensorFlow(python ?? '', 'write_checkpoint.py', directory)
        .trim()
        .split('\n')
        .at(-1) ?? '',
    );
    const prefixes = Object.keys(written);
    expect(prefixes).toHaveLength(3);
    for (const prefix of prefixes) {
      const bundle = openBundle(prefix);
      const read = Object.fromEntries(
        bundle.names
          .filter((name) => name !== '_CHECKPOINTABLE_OBJECT_GRAPH')
          .map((name) => [name, toOracleForm(bundle.read(name))]),
      );
      bundle.close();
      expect(read).toEqual(written[prefix]);
    }
  });
});

function toOracleForm({ dtype, shape, data }: TensorData) {
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
  return [dtype, shape, data instanceof Uint8Array ? hex(data) : data.map(hex)];
}
