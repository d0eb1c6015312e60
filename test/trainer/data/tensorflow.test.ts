import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openDataset } from '../../../src/trainer/data/open-dataset.js';
import { buildDataset, createLineMaker } from '../../../src/trainer/handwriting/index.js';
import { findTensorFlow, runTensorFlow } from '../../oracle/tensorflow.js';
import { specWith } from '../handwriting/support.js';
import { dataConfig, temporaryFolder } from '../support.js';

const python = findTensorFlow() ?? '';
const sum = (values: Float32Array) => values.reduce((total, value) => total + value, 0);

const [width, height] = [40, 12];
const ramp = Float32Array.from({ length: width * height }, (_, i) => (i % 256) / 255);
const fromOne = { labels: [[3, 1, 10, 0, 0], [5, 5], [1]], texts: ['209', '44', '0'] };
const fromZero = { labels: [[3, 0, 9], [5, 5], [0]], texts: ['309', '55', '0'] };
const waysToStore = [
  { dtype: 'float32', label_dtype: 'int64', shape_as: 'list', transposed: false, ...fromOne },
  { dtype: 'float32', label_dtype: 'int64', shape_as: 'list', transposed: true, ...fromOne },
  { dtype: 'float64', label_dtype: 'int32', shape_as: 'int64', transposed: true, ...fromZero },
  { dtype: 'uint8', label_dtype: 'int64', shape_as: 'int32', transposed: false, ...fromZero },
  { dtype: 'float32', label_dtype: 'int64', shape_as: 'list', transposed: false, compression: 'GZIP', ...fromOne },
  { dtype: 'float32', label_dtype: 'int64', shape_as: 'list', transposed: false, compression: 'ZLIB', ...fromOne },
];

interface ReadRecord {
  shape: number[];
  dtypes: string[];
  label: number[];
  degraded_sum: number;
  clean_sum: number;
  corner: number[];
}

describe.skipIf(python === '')('TFRecords between us and TensorFlow', () => {
  test('TensorFlow reads the lines that we make', async () => {
    const dataset = await openDataset({ config: dataConfig(), seed: 42, dir: temporaryFolder() });
    const records: ReadRecord[] = JSON.parse(runTensorFlow(python, 'line_records.py', 'read', dataset.paths[0] ?? ''));
    expect(records.length).toBe(12);
    for (const [index, record] of records.entries()) {
      const line = await dataset.train.read([index]);
      expect(record.shape).toEqual([32, 128, 1]);
      expect(record.dtypes).toEqual(['float32', 'float32', 'int64']);
      expect(record.label).toEqual(Array.from(line.labels[0] ?? [], (label) => label + 1));
      expect(record.degraded_sum).toBeCloseTo(sum(line.degraded), 2);
      expect(record.clean_sum).toBeCloseTo(sum(line.clean), 2);
      expect(record.corner).toEqual([...line.degraded.subarray(0, 3)]);
    }
    await dataset.close();
  });

  test('TensorFlow reads the compressed shards of a data set that we build', async () => {
    const out = join(temporaryFolder(), 'set');
    const spec = specWith({ width: 64, height: 16 });
    const plan = { spec, out, trainLines: 9, validationLines: 1, shards: 2, gzip: true, workers: 1, onShard: () => {} };
    await buildDataset(plan);
    const shards = [0, 1].map((shard) => join(out, `train-0000${shard}-of-00002.tfrecord.gz`));
    const records: ReadRecord[] = JSON.parse(runTensorFlow(python, 'line_records.py', 'read', ...shards, 'GZIP'));
    const { make } = await createLineMaker(spec);
    expect(records.length).toBe(9);
    for (const [index, record] of records.entries()) {
      const line = make('train', index);
      expect(record.shape).toEqual([16, 64, 1]);
      expect(record.label).toEqual(Array.from(line.labels, (label) => label + 1));
      expect(record.degraded_sum).toBeCloseTo(sum(line.degraded), 2);
      expect(record.clean_sum).toBeCloseTo(sum(line.clean), 2);
    }
  });

  test('we read what TensorFlow writes, in every way that shape, type and orientation are stored', async () => {
    const dir = temporaryFolder();
    const files = waysToStore.map((way, index) => ({ ...way, width, height, path: join(dir, `${index}.tfrecord`) }));
    runTensorFlow(python, 'line_records.py', 'write', JSON.stringify(files));
    for (const { path, texts } of files) {
      const sides = { image_width: width, image_height: height };
      const config = dataConfig({ ...sides, tfrecord_path: path, val_tfrecord_path: path });
      const { train, close } = await openDataset({ config, seed: 1, dir });
      const batch = await train.read([0, 1, 2]);
      expect(batch.texts).toEqual(texts);
      expect(batch.degraded.subarray(0, ramp.length)).toEqual(ramp);
      const clean = batch.clean.subarray(-ramp.length);
      for (const [i, value] of ramp.entries()) expect(clean[i]).toBeCloseTo(1 - value, 6);
      await close();
    }
  });
});
