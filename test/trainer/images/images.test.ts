import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PNG } from 'pngjs';
import { describe, expect, test } from 'vitest';
import { decodePng, encodePng, sampleSheet, writePng } from '../../../src/trainer/images/index.js';
import { temporaryFolder } from '../support.js';

const gradient = { width: 16, height: 16, pixels: Float32Array.from({ length: 256 }, (_, i) => i / 255) };

describe('PNG', () => {
  test('all 256 shades survive, as 8-bit grayscale', () => {
    const bytes = encodePng(gradient);
    expect([...bytes.subarray(0, 8)]).toEqual([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
    expect([bytes[24], bytes[25]]).toEqual([8, 0]);
    const decoded = decodePng(bytes);
    expect([decoded.width, decoded.height]).toEqual([16, 16]);
    for (const [i, value] of decoded.pixels.entries()) expect(value).toBeCloseTo(i / 255, 6);
  });

  test('values outside 0 … 1 are clipped', () => {
    const image = { width: 4, height: 1, pixels: Float32Array.of(-3, 1.5, Number.NaN, 0.5) };
    expect([...decodePng(encodePng(image)).pixels].map((value) => Math.round(value * 255))).toEqual([0, 255, 0, 128]);
  });

  test('colours are read as their brightness', () => {
    const png = new PNG({ width: 3, height: 1 });
    png.data = Buffer.from([255, 0, 0, 255, 0, 255, 0, 255, 0, 0, 255, 255]);
    const { pixels } = decodePng(PNG.sync.write(png));
    for (const [i, luma] of [0.299, 0.587, 0.114].entries()) expect(pixels[i]).toBeCloseTo(luma, 6);
  });

  test('files are replaced, and nothing is left beside them', () => {
    const path = join(temporaryFolder(), 'sample.png');
    writePng(path, { width: 1, height: 1, pixels: Float32Array.of(0) });
    writePng(path, gradient);
    expect(decodePng(readFileSync(path)).width).toBe(16);
    expect(readdirSync(join(path, '..'))).toEqual(['sample.png']);
  });
});

describe('sample sheet', () => {
  const [width, height] = [5, 3];
  const flat = (value: number) => new Float32Array(width * height).fill(value);

  test('degraded | restored | clean, a row for each line, with gaps', () => {
    const sheet = sampleSheet(
      [
        { degraded: flat(0.1), restored: flat(0.2), clean: flat(0.3) },
        { degraded: flat(0.7), restored: flat(0.8), clean: flat(0.9) },
      ],
      width,
      height,
    );
    const shade = (x: number, y: number) => Math.round((sheet.pixels[y * sheet.width + x] ?? -1) * 10);
    expect([sheet.width, sheet.height, sheet.pixels.length]).toEqual([31, 18, 31 * 18]);
    expect([4, 8, 13, 17, 22, 26].map((x) => shade(x, 4))).toEqual([1, 1, 2, 2, 3, 3]);
    expect([4, 13, 22].map((x) => shade(x, 13))).toEqual([7, 8, 9]);
    expect([0, 3, 9, 12, 27, 30].map((x) => shade(x, 5))).toEqual([5, 5, 5, 5, 5, 5]);
    expect([0, 3, 7, 10, 14, 17].map((y) => shade(5, y))).toEqual([5, 5, 5, 5, 5, 5]);
  });

  test('no rows give an empty sheet that can still be written', () => {
    expect(decodePng(encodePng(sampleSheet([], width, height))).height).toBe(4);
  });
});
