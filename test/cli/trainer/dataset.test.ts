import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { openDataset } from '../../../src/trainer/data/open-dataset.js';
import { decodePng } from '../../../src/trainer/images/index.js';
import { caveat } from '../../trainer/handwriting/support.js';
import { dataConfig } from '../../trainer/support.js';
import { folderWith, train } from '../support.js';

const size = ['--width', '64', '--height', '16'];
const contents = (folder: string) =>
  Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name)).toString('base64')]));

describe('supervise-train dataset', () => {
  test('writes shards that a training reads, the same ones with any number of threads', async () => {
    const cwd = folderWith({});
    const flags = ['--font', caveat, ...size, '--count', '7', '--val-count', '3', '--shards', '2', '--gzip'];
    const made = await train(['dataset', '--out', 'one', ...flags, '--workers', '1'], { cwd });
    expect(made).toMatchObject({ code: 0, stderr: '' });
    expect(made.stdout).toContain('"tfrecord_path": "one/train-*.tfrecord.gz"');
    expect((await train(['dataset', '--out', 'two', ...flags, '--workers', '3'], { cwd })).code).toBe(0);
    expect(contents(join(cwd, 'two'))).toEqual(contents(join(cwd, 'one')));
    expect(readdirSync(join(cwd, 'one')).sort()).toEqual([
      'charset.txt',
      'dataset.json',
      'train-00000-of-00002.tfrecord.gz',
      'train-00001-of-00002.tfrecord.gz',
      'val-00000-of-00002.tfrecord.gz',
      'val-00001-of-00002.tfrecord.gz',
    ]);
    const config = dataConfig({
      tfrecord_path: join(cwd, 'one/train-*.tfrecord.gz'),
      val_tfrecord_path: join(cwd, 'one/val-*.tfrecord.gz'),
      charset_path: join(cwd, 'one/charset.txt'),
      image_width: 64,
      image_height: 16,
    });
    const data = await openDataset({ config, seed: 1, dir: join(cwd, 'cache') });
    expect([data.train.size, data.validation.size]).toEqual([7, 3]);
    for (const text of (await data.train.read(Array(7).keys())).texts) expect(text).toMatch(/^[\w .,;:-]+$/);
    await data.close();
  });

  test('compressed or not, the records are the same', async () => {
    const cwd = folderWith({});
    for (const [out, ...more] of [['plain'], ['packed', '--gzip']])
      expect(
        (
          await train(['dataset', '--out', out as string, ...size, '--count', '4', '--val-count', '1', ...more], {
            cwd,
          })
        ).code,
      ).toBe(0);
    const plain = readFileSync(join(cwd, 'plain/train-00000-of-00001.tfrecord'));
    expect(gunzipSync(readFileSync(join(cwd, 'packed/train-00000-of-00001.tfrecord.gz'))).equals(plain)).toBe(true);
  });

  test('a preview alone', async () => {
    const cwd = folderWith({});
    const { code, stdout } = await train(['dataset', '--preview', 'sheet.png', '--lines', '3'], { cwd });
    expect([code, stdout]).toEqual([0, 'Wrote sheet.png: 3 lines, degraded and clean\n']);
    expect(readdirSync(cwd)).toEqual(['sheet.png']);
    expect(decodePng(readFileSync(join(cwd, 'sheet.png')))).toMatchObject({ width: 268, height: 112 });
  });

  test.each<[string, string[], number, RegExp]>([
    ['nothing to write', [], 64, /--out is missing/],
    [
      'an effect that is none',
      ['--out', 'x', '--effects', 'stains,mould'],
      64,
      /--effects has "mould"[\s\S]*ink-bleed, fading/,
    ],
    ['digits the wrong way round', ['--out', 'x', '--digits', '8-4'], 64, /--digits is "8-4"/],
    ['too severe', ['--out', 'x', '--severity', '9'], 64, /--severity is 9[\s\S]*from 0 to 3/],
    ['text without a font', ['--out', 'x', '--text', 'a.txt'], 64, /--text needs a font/],
    ['a font that is missing', ['--out', 'x', '--font', 'none.ttf'], 65, /none\.ttf: there is no such font/],
    [
      'fonts that match nothing',
      ['--out', 'x', '--font', 'none-*.ttf'],
      65,
      /no file matches this pattern[\s\S]*--font/,
    ],
    [
      'a folder that is a file',
      ['--out', 'file', '--count', '1', '--val-count', '1'],
      73,
      /file: the data set cannot be written/,
    ],
  ])('%s', async (_, args, expected, said) => {
    const cwd = folderWith({ file: '' });
    const { code, stderr } = await train(['dataset', ...args], { cwd });
    expect(code).toBe(expected);
    expect(stderr).toMatch(said);
    expect(readdirSync(cwd)).toEqual(['file']);
  });
});
