import { truncateSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { Dataset, DatasetOptions } from '../../../src/trainer/data/index.js';
import { openDataset } from '../../../src/trainer/data/open-dataset.js';
import { dataConfig, temporaryFolder } from '../support.js';
import { readBatches, textsOf, tiny, writeLines } from './support.js';

// A thread runs what was built.
const built = new URL('../../../dist/trainer/data/index.js', import.meta.url);
let openThread: (options: DatasetOptions) => Promise<Dataset>;

beforeAll(async () => {
  openThread = ((await import(built.href)) as { openDatasetThread: typeof openThread }).openDatasetThread;
});

async function openBoth(changes: Record<string, unknown>) {
  const options = { config: dataConfig(changes), seed: 42, dir: temporaryFolder() };
  const both = [await openDataset(options), await openThread(options)] as const;
  onTestFinished(async () => {
    for (const { close } of both) await close();
  });
  return both;
}

const lines = (ending: string) => writeLines(join(temporaryFolder(), `lines${ending}`), 0, 40);
const augment = { shift: 0.2, scale: 0.1, rotation: 5, elastic: 0.1, contrast: 0.2, brightness: 0.1, noise: 0.1 };

describe('a data set in a thread of its own', () => {
  test.each<[string, () => Record<string, unknown>]>([
    ['made lines', () => ({})],
    ['a plain file', () => ({ ...tiny, tfrecord_path: lines('.tfrecord') })],
    ['a compressed file', () => ({ ...tiny, tfrecord_path: lines('.gz'), shuffle_buffer: 7 })],
    ['augmented lines', () => ({ ...tiny, tfrecord_path: lines('.tfrecord'), augment })],
    ['one batch ahead', () => ({ ...tiny, tfrecord_path: lines('.gz'), read_ahead: 1 })],
  ])('gives the same bits: %s', async (_, config) => {
    const [direct, thread] = await openBoth(config());
    expect([thread.train.size, thread.validation.size, thread.paths]).toEqual([
      direct.train.size,
      direct.validation.size,
      direct.paths,
    ]);
    expect(await thread.validation.read([3, 0])).toEqual(await direct.validation.read([3, 0]));
    const whole = await readBatches(direct.train, 2, 0);
    expect(await readBatches(thread.train, 2, 0)).toEqual(whole);
    expect(await readBatches(thread.train, 2, 7)).toEqual(whole.slice(7));
  });

  test('a range that is left early, others meanwhile, and closing', async () => {
    const [direct, thread] = await openBoth({ ...tiny, tfrecord_path: lines('.gz') });
    expect(textsOf(await readBatches(thread.train, 1, 0, { most: 2 }))).toHaveLength(6);
    const several = await Promise.all([1, 2, 3].map((epoch) => readBatches(thread.train, epoch, 0)));
    for (const [index, batches] of several.entries())
      expect(batches).toEqual(await readBatches(direct.train, index + 1, 0));
  });

  test.each<[string, (path: string) => Record<string, unknown>, string, RegExp]>([
    ['a missing file', (path) => ({ tfrecord_path: `${path}.not` }), 'DATA_MISSING', /\.not: there is no such file/],
    ['a file cut short', (path) => ({ tfrecord_path: path }), 'DATA_CORRUPT', /the file ends inside this record/],
    ['no digits', () => ({ digits_min: 9 }), 'CONFIG_INVALID', /greater than data\.digits_max/],
  ])('%s fails as it does without the thread', async (_, config, code, said) => {
    const path = lines('.tfrecord');
    truncateSync(path, 300);
    const opening = openThread({ config: dataConfig(config(path)), seed: 1, dir: temporaryFolder() });
    await expect(opening).rejects.toMatchObject({ name: 'SuperviseError', code });
    await expect(opening).rejects.toThrow(said);
  });

  test('a damaged record fails the step that needs it', async () => {
    const [, thread] = await openBoth({ image_width: 8, image_height: 2, tfrecord_path: lines('.tfrecord') });
    await expect(readBatches(thread.train, 1, 0)).rejects.toMatchObject({ code: 'DATA_CORRUPT' });
    await expect(thread.validation.read([0])).rejects.toThrow(/record \d+ .*shape \[2,4,1\]/);
  });

  test('shows life while lines are made', async () => {
    let signs = 0;
    const options = { config: dataConfig({ train_samples: 200 }), seed: 3, dir: temporaryFolder() };
    const dataset = await openThread({ ...options, onAlive: () => signs++ });
    await dataset.close();
    expect(signs).toBeGreaterThan(0);
  });
});
