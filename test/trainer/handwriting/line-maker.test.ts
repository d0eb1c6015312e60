import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { agingEffects } from '../../../src/trainer/handwriting/age-line.js';
import { createLineMaker, type HandwritingSpec } from '../../../src/trainer/handwriting/index.js';
import { psnr } from '../../../src/trainer/metrics/index.js';
import { temporaryFolder } from '../support.js';
import { caveat, specWith } from './support.js';

const make = async (spec: HandwritingSpec, index = 0) => (await createLineMaker(spec)).make('train', index);
const meanOf = (values: Float32Array) => values.reduce((sum, value) => sum + value, 0) / values.length;

async function makeSeveral(spec: HandwritingSpec, count = 4) {
  const maker = await createLineMaker(spec);
  return Array.from({ length: count }, (_, index) => ({ ...maker.make('train', index), charset: maker.charset }));
}

describe('lines in a font', () => {
  test('show their text inside the line: ink, a white edge, values from 0 to 1', async () => {
    for (const { clean, degraded, labels, charset } of await makeSeveral(specWith())) {
      expect(charset.decode(labels)).toMatch(/^[A-Za-z0-9][A-Za-z0-9 .,;:-]*$/);
      expect(labels.length).toBeGreaterThan(0);
      expect(1 - meanOf(clean)).toBeGreaterThan(0.01);
      expect([...clean.subarray(0, 256), ...clean.subarray(63 * 256)].every((value) => value === 1)).toBe(true);
      expect([clean, degraded].every((image) => image.every((value) => value >= 0 && value <= 1))).toBe(true);
    }
  });

  test('are a function of seed, split and number', async () => {
    expect(await make(specWith())).toEqual(await make(specWith()));
    expect((await make(specWith(), 1)).clean).not.toEqual((await make(specWith())).clean);
    expect((await make(specWith({ seed: 8 }))).clean).not.toEqual((await make(specWith())).clean);
    const { make: makeLine } = await createLineMaker(specWith());
    expect(makeLine('validation', 0).clean).not.toEqual(makeLine('train', 0).clean);
  });

  test('of 1024 × 128 pixels have more on them', async () => {
    const lines = await makeSeveral(specWith({ width: 1024, height: 128 }), 3);
    for (const { clean } of lines) expect(clean.length).toBe(1024 * 128);
    const words = lines.map(({ labels, charset }) => charset.decode(labels).split(' ').length);
    expect(Math.max(...words)).toBeGreaterThan(2);
  });

  test('take their words from a text, the last tenth of it for validation', async () => {
    const text = join(temporaryFolder(), 'text.txt');
    writeFileSync(text, `${'alpha beta '.repeat(45)}\n${'omega '.repeat(10)}`);
    const maker = await createLineMaker(specWith({ text }));
    expect(maker.charset.characters.join('')).toBe(' abeghlmopt');
    for (let index = 0; index < 5; index++) {
      expect(maker.charset.decode(maker.make('train', index).labels)).toMatch(/^((alpha|beta) ?)+$/);
      expect(maker.charset.decode(maker.make('validation', index).labels)).toMatch(/^(omega ?)+$/);
    }
  });

  test.each<[string, (folder: string) => Partial<HandwritingSpec>, string, RegExp]>([
    ['a missing font', () => ({ fonts: ['none.ttf'] }), 'DATA_MISSING', /none\.ttf: there is no such font/],
    [
      'WOFF2',
      () => ({ fonts: [caveat.replace(/woff$/, 'woff2')] }),
      'DATA_CORRUPT',
      /cannot be read as a font[\s\S]*WOFF2 has/,
    ],
    ['no text', (folder) => ({ text: join(folder, 'none.txt') }), 'DATA_MISSING', /none\.txt: the text cannot be read/],
    ['an empty text', (folder) => ({ text: write(folder, ' \n') }), 'DATA_CORRUPT', /there is no word in this text/],
    ['letters it lacks', (folder) => ({ text: write(folder, 'ܐܒܓ ܕܗܘ') }), 'DATA_CORRUPT', /no font has any character/],
  ])('%s', async (_, changes, code, said) => {
    const making = createLineMaker(specWith(changes(temporaryFolder())));
    await expect(making).rejects.toMatchObject({ code });
    await expect(making).rejects.toThrow(said);
  });

  function write(folder: string, text: string): string {
    writeFileSync(join(folder, 'text.txt'), text);
    return join(folder, 'text.txt');
  }
});

describe('aging', () => {
  test('every effect alone changes the line, and none of them the clean one', async () => {
    const { clean, degraded: bare } = await make(specWith({ effects: [] }), 2);
    for (const effect of agingEffects.filter((name) => name !== 'creases')) {
      const aged = await make(specWith({ effects: [effect] }), 2);
      expect(aged.clean).toEqual(clean);
      expect(aged.degraded, effect).not.toEqual(bare);
    }
    const creased = await makeSeveral(specWith({ effects: ['creases'] }), 6);
    const smooth = await makeSeveral(specWith({ effects: [] }), 6);
    expect(creased.some(({ degraded }, index) => String(degraded) !== String(smooth[index]?.degraded))).toBe(true);
  });

  test('more severity is further from the clean line', async () => {
    const distances = await Promise.all(
      [0.3, 1, 2].map(async (severity) => {
        const lines = await makeSeveral(specWith({ severity }), 6);
        return lines.reduce((sum, { degraded, clean }) => sum + psnr(degraded, clean), 0) / lines.length;
      }),
    );
    expect(distances).toEqual(distances.toSorted((left, right) => right - left));
    expect(distances[1]).toBeGreaterThan(8);
    expect(distances[1]).toBeLessThan(16);
  });

  test('real handwritten digits age, too', async () => {
    const [line] = await makeSeveral(specWith({ fonts: [], width: 128, height: 32 }), 1);
    expect(line?.charset.decode(line.labels)).toMatch(/^\d{4,8}$/);
    expect(psnr(line?.degraded as Float32Array, line?.clean as Float32Array)).toBeLessThan(20);
  });
});
