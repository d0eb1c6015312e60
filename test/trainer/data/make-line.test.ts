import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { loadDigits } from '../../../src/trainer/data/digits.js';
import { type LineSpec, makeLine } from '../../../src/trainer/data/make-line.js';
import { psnr } from '../../../src/trainer/metrics/index.js';

const spec: LineSpec = { seed: 42, width: 128, height: 32, digitsMin: 4, digitsMax: 8 };
const lines = (count: number, changes: Partial<LineSpec> = {}) =>
  Array.from({ length: count }, (_, index) => makeLine({ ...spec, ...changes }, 'train', index));
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe('handwritten digits', () => {
  test('all 10,000 belong to one split each, about one in ten of every digit to validation', () => {
    const { train, validation } = loadDigits();
    const ids = [...train, ...validation].flat().map(({ id }) => id);
    expect(new Set(ids).size).toBe(10_000);
    for (const [digit, glyphs] of validation.entries()) {
      expect(glyphs.every((glyph) => glyph.digit === digit)).toBe(true);
      const share = glyphs.length / (glyphs.length + (train[digit]?.length ?? 0));
      expect(share).toBeGreaterThan(0.06);
      expect(share).toBeLessThan(0.14);
    }
  });

  test('no image is in both splits, by content', () => {
    const contents = (split: 'train' | 'validation') =>
      new Set(
        loadDigits()
          [split].flat()
          .map(({ ink, width }) => createHash('sha1').update(ink).update(`${width}`).digest('hex')),
      );
    const train = contents('train');
    expect([...contents('validation')].filter((content) => train.has(content))).toEqual([]);
  });

  test('are cut to their ink', () => {
    for (const { ink, width, height } of loadDigits().train[8]?.slice(0, 50) ?? []) {
      expect(ink.length).toBe(width * height);
      expect(Math.max(width, height)).toBeLessThanOrEqual(21);
      const column = (x: number) => Array.from({ length: height }, (_, y) => ink[y * width + x] ?? 0);
      const row = (y: number) => [...ink.subarray(y * width, (y + 1) * width)];
      for (const edge of [row(0), row(height - 1), column(0), column(width - 1)])
        expect(Math.max(...edge)).toBeGreaterThan(0);
    }
  });
});

describe('made lines', () => {
  test('depend on seed, split and index and on nothing else', () => {
    const again = makeLine(spec, 'train', 7);
    makeLine(spec, 'train', 8);
    expect(makeLine(spec, 'train', 7)).toEqual(again);
    const others = [
      makeLine({ ...spec, seed: 43 }, 'train', 7),
      makeLine(spec, 'validation', 7),
      makeLine(spec, 'train', 9),
    ];
    for (const other of others) expect(other.degraded).not.toEqual(again.degraded);
  });

  test('show digits of their own split only, shining through from the reverse too', () => {
    const held = new Set(
      loadDigits()
        .validation.flat()
        .map(({ id }) => id),
    );
    expect(
      lines(40)
        .flatMap(({ glyphs }) => glyphs)
        .some(({ id }) => held.has(id)),
    ).toBe(false);
    const validation = Array.from({ length: 40 }, (_, index) => makeLine(spec, 'validation', index));
    expect(validation.flatMap(({ glyphs }) => glyphs).every(({ id }) => held.has(id))).toBe(true);
  });

  test('hold as many digits as asked for, and their labels', () => {
    const lengths = lines(60).map(({ labels, glyphs }) => {
      expect([...labels]).toEqual(glyphs.slice(0, labels.length).map(({ digit }) => digit));
      return labels.length;
    });
    expect(new Set(lengths)).toEqual(new Set([4, 5, 6, 7, 8]));
    expect(new Set(lines(10, { digitsMin: 2, digitsMax: 2 }).map(({ labels }) => labels.length))).toEqual(new Set([2]));
  });

  test.each([
    [128, 32],
    [256, 64],
    [64, 32],
    [1024, 128],
  ])('of %d × %d pixels stay inside: a white edge, ink within, values from 0 to 1', (width, height) => {
    for (const { clean, degraded } of lines(4, { width, height })) {
      expect([clean.length, degraded.length]).toEqual([width * height, width * height]);
      for (const image of [clean, degraded]) expect(image.every((value) => value >= 0 && value <= 1)).toBe(true);
      const isEdge = (i: number) =>
        i < width || i >= width * (height - 1) || i % width === 0 || i % width === width - 1;
      expect(clean.every((value, i) => value === 1 || !isEdge(i))).toBe(true);
      const inked = clean.filter((value) => value < 0.2).length / clean.length;
      expect(inked).toBeGreaterThan(0.01);
      expect(inked).toBeLessThan(0.4);
    }
  });

  test('are damaged as much as planned: 11 to 14 dB on average, and none beyond repair', () => {
    const noise = lines(150).map(({ degraded, clean }) => psnr(degraded, clean));
    expect(mean(noise)).toBeGreaterThan(11);
    expect(mean(noise)).toBeLessThan(14);
    expect(Math.min(...noise)).toBeGreaterThan(7);
  });

  test('stay readable: where there is ink the aged line is darker than its paper', () => {
    for (const { degraded, clean } of lines(60)) {
      const at = (isInk: boolean) =>
        [...degraded].filter((_, i) => (isInk ? (clean[i] ?? 1) < 0.2 : (clean[i] ?? 0) > 0.95));
      expect(mean(at(false)) - mean(at(true))).toBeGreaterThan(0.1);
    }
  });
});
