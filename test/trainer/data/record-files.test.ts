import { mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type DatasetOptions, openDataset, openEvaluationLines } from '../../../src/trainer/data/open-dataset.js';
import { openRecordFile } from '../../../src/trainer/data/open-record-file.js';
import { dataConfig, temporaryFolder } from '../support.js';
import { readBatches, textsOf, tiny, writeLines } from './support.js';

async function open(config: Record<string, unknown>, options: Partial<DatasetOptions> = {}) {
  const dir = temporaryFolder();
  const dataset = await openDataset({ config: dataConfig({ ...tiny, ...config }), seed: 42, dir, ...options });
  onTestFinished(dataset.close);
  return dataset;
}

const numbers = (count: number, first = 0) => Array.from({ length: count }, (_, index) => String(first + index));

describe('several files', () => {
  test('are read as one, in the order of a list, those of a pattern by name', async () => {
    const dir = temporaryFolder();
    writeLines(join(dir, 'b-1.tfrecord'), 20, 5);
    writeLines(join(dir, 'b-0.tfrecord'), 10, 10);
    const first = writeLines(join(dir, 'z.tfrecord'), 0, 10);
    const { train, paths } = await open({
      tfrecord_path: [first, join(dir, 'b-*.tfrecord')],
      val_tfrecord_path: first,
    });
    expect((await train.read(Array(train.size).keys())).texts).toEqual(numbers(25));
    expect(paths.map((path) => path.slice(dir.length + 1))).toEqual([
      'z.tfrecord',
      'b-0.tfrecord',
      'b-1.tfrecord',
      'z.tfrecord',
    ]);
  });

  test('a file that is called like a pattern is that file', async () => {
    const path = writeLines(join(temporaryFolder(), 'lines[1].tfrecord'), 0, 4);
    expect((await open({ tfrecord_path: path, val_tfrecord_path: path })).train.size).toBe(4);
  });

  test('a pattern that matches nothing', async () => {
    const pattern = join(temporaryFolder(), 'train-*.tfrecord');
    await expect(open({ tfrecord_path: pattern })).rejects.toMatchObject({ code: 'DATA_MISSING' });
    await expect(open({ tfrecord_path: pattern })).rejects.toThrow(/train-\*\.tfrecord: no file matches/);
  });

  test('one of them is missing: the others are closed', async () => {
    const dir = temporaryFolder();
    const files = [writeLines(join(dir, '0'), 0, 4), join(dir, '1')];
    await expect(open({ tfrecord_path: files })).rejects.toThrow(/1: there is no such file/);
  });
});

describe.each(['gz', 'zz'])('compressed files (.%s)', (ending) => {
  test('hold the same lines, in any order of reading', async () => {
    const path = writeLines(join(temporaryFolder(), `lines.tfrecord.${ending}`), 0, 30);
    const { dataset, close } = await openEvaluationLines({
      config: dataConfig(tiny),
      seed: 1,
      dir: temporaryFolder(),
      files: [path],
    });
    onTestFinished(close);
    expect(dataset.size).toBe(30);
    expect((await dataset.read(Array(30).keys())).texts).toEqual(numbers(30));
    expect((await dataset.read([29, 3, 3, 17])).texts).toEqual(['29', '3', '3', '17']);
  });

  test('their number of records is counted once, and again when the file changes', async () => {
    const [dir, cache] = [temporaryFolder(), temporaryFolder()];
    const path = writeLines(join(dir, `lines.${ending}`), 0, 7);
    let seen = 0;
    const sizeOf = async () => {
      const file = await openRecordFile(path, cache, () => seen++);
      await file.close();
      return file.size;
    };
    expect([await sizeOf(), seen > 0]).toEqual([7, true]);
    seen = 0;
    expect([await sizeOf(), seen]).toEqual([7, 0]);
    expect(readdirSync(cache).length).toBe(1);
    writeLines(path, 0, 300);
    expect(await sizeOf()).toBe(300);
  });
});

describe('training from compressed files', () => {
  const files = (dir: string) => [0, 10, 20].map((first) => writeLines(join(dir, `${first}.gz`), first, 10));

  test('an epoch has every line once, in an order of its own', async () => {
    const { train } = await open({
      tfrecord_path: files(temporaryFolder()),
      val_tfrecord_path: files(temporaryFolder()),
    });
    const [first, second] = [textsOf(await readBatches(train, 1, 0)), textsOf(await readBatches(train, 2, 0))];
    expect(first.toSorted((left, right) => Number(left) - Number(right))).toEqual(numbers(30));
    expect(second.toSorted()).toEqual(first.toSorted());
    expect(second).not.toEqual(first);
  });

  test('a resume at any step reads what the unbroken run would have read', async () => {
    const config = { tfrecord_path: files(temporaryFolder()), val_samples: 3, shuffle_buffer: 5 };
    const { train } = await open(config);
    const sizes = { stepsPerEpoch: 20, batchSize: 4 };
    const whole = await readBatches(train, 3, 0, sizes);
    expect(whole.length).toBe(20);
    for (let step = 0; step < 20; step++) expect(await readBatches(train, 3, step, sizes)).toEqual(whole.slice(step));
  });

  test('held-out lines are never trained on', async () => {
    const { train, validation } = await open({ tfrecord_path: files(temporaryFolder()), val_samples: 6 });
    const trained = textsOf(await readBatches(train, 1, 0, { stepsPerEpoch: 8, batchSize: 3 }));
    const held = (await validation.read(Array(6).keys())).texts;
    expect(new Set([...trained, ...held]).size).toBe(30);
  });

  test('plain and compressed files may be mixed', async () => {
    const dir = temporaryFolder();
    const mixed = [writeLines(join(dir, 'a.gz'), 0, 10), writeLines(join(dir, 'b'), 10, 10)];
    const { train } = await open({ tfrecord_path: mixed, val_tfrecord_path: mixed });
    const texts = textsOf(await readBatches(train, 1, 0, { stepsPerEpoch: 4, batchSize: 5 }));
    expect(texts.toSorted((left, right) => Number(left) - Number(right))).toEqual(numbers(20));
  });
});

describe('damaged compressed files', () => {
  const damage: [string, (path: string) => void, RegExp][] = [
    [
      'cut short',
      (path) => truncateSync(path, 200),
      /record \d+ \(from 0\) at byte \d+: the file ends inside this record/,
    ],
    ['a changed byte', (path) => flip(path, 150), /record \d+ \(from 0\) at byte \d+: .*(damaged|checksum)/],
    [
      'a record with a wrong checksum',
      (path) => rewrite(path, (bytes) => bytes.writeUInt8(bytes[400] === 7 ? 8 : 7, 400)),
      /record 1 \(from 0\) at byte \d+: the checksum of the record is wrong/,
    ],
    [
      'a last record that is torn, in a sound compression',
      (path) => rewrite(path, (bytes) => bytes, -10),
      /record 9 \(from 0\) at byte \d+: the file ends inside this record/,
    ],
    [
      'something else',
      (path) => writeFileSync(path, gzipSync('hello world, this is no data')),
      /record 0 .* checksum of the record length/,
    ],
  ];

  test.each(damage)('%s', async (_, damageIt, said) => {
    const path = writeLines(join(temporaryFolder(), 'lines.gz'), 0, 10);
    damageIt(path);
    const opening = open({ tfrecord_path: path });
    await expect(opening).rejects.toMatchObject({ code: 'DATA_CORRUPT' });
    await expect(opening).rejects.toThrow(said);
  });

  function flip(path: string, at: number): void {
    const bytes = readFileSync(path);
    bytes[at] = (bytes[at] ?? 0) ^ 0xff;
    writeFileSync(path, bytes);
  }

  function rewrite(path: string, change: (bytes: Buffer) => void, end?: number): void {
    const bytes = gunzipSync(readFileSync(path));
    change(bytes);
    writeFileSync(path, gzipSync(bytes.subarray(0, end)));
  }

  test('a folder is no data file', async () => {
    const path = join(temporaryFolder(), 'folder.gz');
    mkdirSync(path);
    await expect(open({ tfrecord_path: path })).rejects.toMatchObject({ code: 'DATA_MISSING' });
  });

  test('a record of another kind is named', async () => {
    const path = join(temporaryFolder(), 'strange.tfrecord');
    writeFileSync(path, Buffer.from(gunzipSync(readFileSync(writeLines(`${path}.gz`, 0, 3)))));
    const { train } = await open({ tfrecord_path: path, image_width: 8 });
    await expect(train.read([0])).rejects.toThrow(/strange\.tfrecord: record \d .*shape \[2,4,1\]/);
  });
});
