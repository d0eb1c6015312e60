import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { SuperviseError } from '../../../src/protocol/index.js';
import { encodeLine } from '../../../src/trainer/data/line-record.js';
import { type DatasetOptions, openDataset } from '../../../src/trainer/data/open-dataset.js';
import { writeTfRecord } from '../../../src/trainer/data/tf-record-writer.js';
import { dataConfig, temporaryFolder } from '../support.js';

async function open(options: DatasetOptions) {
  const dataset = await openDataset(options);
  onTestFinished(dataset.close);
  return dataset;
}

/** A file of lines of 4 × 2 pixels whose label and pixels tell the number of the record. */
async function writeNumberedLines(path: string, count: number): Promise<string> {
  const records = Array.from({ length: count }, (_, number) => {
    const pixels = new Float32Array(8).fill(number / 100);
    const labels = Int32Array.from(String(number), Number);
    return encodeLine({ degraded: pixels, clean: pixels, labels }, 4, 2);
  });
  await writeTfRecord(path, records);
  return path;
}

const tiny = { image_width: 4, image_height: 2 };

describe('made lines', () => {
  test('are made once, kept under a name of their content, and read in any order', async () => {
    const dir = join(temporaryFolder(), 'data');
    const made: string[] = [];
    const onAlive = () => made.push('line');
    const { train, validation, charset } = await open({ config: dataConfig(), seed: 42, dir, onAlive });
    expect(made.length).toBe(16);
    expect([train.size, validation.size, train.width, train.height, charset.size]).toEqual([12, 4, 128, 32, 10]);
    const names = readdirSync(dir).sort();
    expect(names).toEqual([expect.stringMatching(/^lines-train-/), expect.stringMatching(/^lines-validation-/)]);

    const batch = await train.read([5, 0, 5]);
    expect([batch.size, batch.degraded.length, batch.clean.length]).toEqual([3, 3 * 128 * 32, 3 * 128 * 32]);
    const [first, second] = [await train.read([5]), await train.read([0])];
    expect(batch.degraded.subarray(0, 4096)).toEqual(first.degraded);
    expect(batch.degraded.subarray(4096, 8192)).toEqual(second.degraded);
    expect(batch.clean.subarray(8192)).toEqual(first.clean);
    expect(batch.texts).toEqual([first.texts[0], second.texts[0], first.texts[0]]);
    expect(batch.texts[0]).toBe(batch.labels[0]?.join(''));

    const written = names.map((name) => statSync(join(dir, name)).mtimeMs);
    await open({ config: dataConfig(), seed: 42, dir, onAlive });
    expect(made.length).toBe(16);
    expect(names.map((name) => statSync(join(dir, name)).mtimeMs)).toEqual(written);
  });

  test('another seed, size or count makes another file beside them', async () => {
    const dir = temporaryFolder();
    await open({ config: dataConfig(), seed: 42, dir });
    await open({ config: dataConfig(), seed: 43, dir });
    await open({ config: dataConfig({ train_samples: 13 }), seed: 42, dir });
    expect(readdirSync(dir).filter((name) => name.startsWith('lines-train-')).length).toBe(3);
    expect(readdirSync(dir).filter((name) => name.startsWith('lines-validation-')).length).toBe(2);
  });

  test('have the same bytes wherever they are made', async () => {
    const contents = await Promise.all(
      [temporaryFolder(), temporaryFolder()].map(async (dir) => {
        await open({ config: dataConfig(), seed: 1, dir });
        return readdirSync(dir).map((name) => readFileSync(join(dir, name)));
      }),
    );
    expect(contents[0]).toEqual(contents[1]);
  });

  test('made by several at the same time are whole, and nothing else is left', async () => {
    const dir = temporaryFolder();
    const options = { config: dataConfig({ train_samples: 100 }), seed: 42, dir };
    const all = await Promise.all([open(options), open(options), open(options)]);
    const batches = await Promise.all(all.map(({ train }) => train.read([0, 50, 99])));
    expect(batches[1]).toEqual(batches[0]);
    expect(batches[2]).toEqual(batches[0]);
    expect(readdirSync(dir).filter((name) => !name.endsWith('.tfrecord'))).toEqual([]);
  });

  test.each(['cut short', 'damaged inside', 'empty'])('%s: they are made again', async (how) => {
    const dir = temporaryFolder();
    const options = { config: dataConfig(), seed: 42, dir };
    const before = await (await open(options)).train.read([11]);
    const path = join(dir, readdirSync(dir).find((name) => name.startsWith('lines-train-')) ?? '');
    const bytes = readFileSync(path);
    if (how === 'damaged inside') bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    writeFileSync(path, how === 'empty' ? '' : how === 'cut short' ? bytes.subarray(0, -9) : bytes);
    expect(await (await open(options)).train.read([11])).toEqual(before);
  });

  test('what killed writers left is swept, what others are writing stays', async () => {
    const dir = temporaryFolder();
    const dead = spawn(process.execPath, ['-e', '']);
    await once(dead, 'exit');
    const name = (pid: number | undefined) => `lines-train-0123456789abcdef.tfrecord.${pid}-0badcafe.tmp`;
    for (const pid of [dead.pid, process.pid, process.ppid]) writeFileSync(join(dir, name(pid)), 'torn');
    writeFileSync(join(dir, 'notes.tmp'), 'of somebody else');
    await open({ config: dataConfig(), seed: 42, dir });
    expect(
      readdirSync(dir)
        .filter((file) => file.endsWith('.tmp'))
        .sort(),
    ).toEqual([name(process.ppid), 'notes.tmp'].sort());
  });

  test('a directory that cannot be made', async () => {
    const file = join(temporaryFolder(), 'file');
    writeFileSync(file, '');
    await expect(openDataset({ config: dataConfig(), seed: 1, dir: join(file, 'data') })).rejects.toMatchObject({
      code: 'RUN_DIRECTORY',
    });
  });

  test('a configuration that cannot be met', async () => {
    const dir = temporaryFolder();
    const config = dataConfig({ digits_min: 9 });
    await expect(openDataset({ config, seed: 1, dir })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    const letters = join(dir, 'letters.txt');
    writeFileSync(letters, 'a\nb\n');
    const lettered = openDataset({ config: dataConfig({ charset_path: letters }), seed: 1, dir });
    await expect(lettered).rejects.toThrow('must be 0 to 9');
  });
});

describe('files of others', () => {
  test('with a validation file of its own', async () => {
    const dir = temporaryFolder();
    const config = dataConfig({
      ...tiny,
      tfrecord_path: await writeNumberedLines(join(dir, 'train.tfrecord'), 30),
      val_tfrecord_path: await writeNumberedLines(join(dir, 'val.tfrecord'), 5),
    });
    const { train, validation, paths } = await open({ config, seed: 42, dir });
    expect([train.size, validation.size, paths.length]).toEqual([30, 5, 2]);
    expect((await train.read([17, 29])).texts).toEqual(['17', '29']);
    expect((await validation.read([3])).degraded).toEqual(new Float32Array(8).fill(0.03));
  });

  test('without one, records chosen by the seed are held out and never trained with', async () => {
    const dir = temporaryFolder();
    const config = dataConfig({
      ...tiny,
      tfrecord_path: await writeNumberedLines(join(dir, 'all.tfrecord'), 20),
      val_samples: 6,
    });
    const textsOf = async (seed: number) => {
      const { train, validation } = await open({ config, seed, dir });
      return {
        train: (await train.read(Array(train.size).keys())).texts,
        validation: (await validation.read(Array(validation.size).keys())).texts,
      };
    };
    const { train, validation } = await textsOf(42);
    expect([train.length, validation.length]).toEqual([14, 6]);
    expect(new Set([...train, ...validation]).size).toBe(20);
    expect(await textsOf(42)).toEqual({ train, validation });
    expect((await textsOf(7)).validation).not.toEqual(validation);
  });

  test('at most half of a small file is held out', async () => {
    const dir = temporaryFolder();
    const config = dataConfig({
      ...tiny,
      tfrecord_path: await writeNumberedLines(join(dir, 'small.tfrecord'), 5),
      val_samples: 64,
    });
    const { train, validation } = await open({ config, seed: 42, dir });
    expect([train.size, validation.size]).toEqual([3, 2]);
  });

  test('a record of another size is named with file, number and byte', async () => {
    const dir = temporaryFolder();
    const path = await writeNumberedLines(join(dir, 'lines.tfrecord'), 4);
    const { train } = await open({ config: dataConfig({ tfrecord_path: path, val_samples: 1 }), seed: 1, dir });
    const error = await train.read([0]).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (!(error instanceof SuperviseError)) throw new Error(`no SuperviseError but ${error}`);
    expect(error.message).toMatch(
      /lines\.tfrecord: record \d \(from 0\) at byte \d+: degraded_image has shape \[2,4,1\]/,
    );
    expect(error.message).toContain('32 × 128');
  });

  test('missing and empty files', async () => {
    const dir = temporaryFolder();
    const nowhere = dataConfig({ tfrecord_path: join(dir, 'nowhere') });
    await expect(openDataset({ config: nowhere, seed: 1, dir })).rejects.toMatchObject({ code: 'DATA_MISSING' });
    const path = await writeNumberedLines(join(dir, 'empty.tfrecord'), 0);
    await expect(openDataset({ config: dataConfig({ tfrecord_path: path }), seed: 1, dir })).rejects.toThrow(
      '0 records',
    );
    mkdirSync(join(dir, 'folder'));
    const folder = dataConfig({ tfrecord_path: join(dir, 'folder') });
    await expect(openDataset({ config: folder, seed: 1, dir })).rejects.toBeInstanceOf(SuperviseError);
  });
});
