import { PNG } from 'pngjs';
import { describe, expect, test } from 'vitest';
import { decodePng, encodePng, resizeImage } from '../../../src/trainer/images/index.js';

/** A PNG of one row, from 8-bit RGBA samples. */
function coloured(pixels: readonly (readonly number[])[], colorType: 0 | 2 | 4 | 6): Buffer {
  const png = new PNG({ width: pixels.length, height: 1 });
  png.data = Buffer.from(pixels.flat());
  return PNG.sync.write(png, { colorType });
}

describe('PNG', () => {
  test('16 bits there and back', () => {
    const image = { width: 3, height: 2, pixels: Float32Array.of(0, 1 / 65535, 0.25, 0.5, 0.75, 1) };
    const decoded = decodePng(encodePng(image, 16));
    expect([decoded.width, decoded.height, decoded.bitDepth]).toEqual([3, 2, 16]);
    for (const [at, value] of decoded.pixels.entries()) expect(value).toBeCloseTo(image.pixels[at] as number, 4);
    expect(decoded.pixels[1]).toBeGreaterThan(0);
  });

  test.each([
    ['RGB', 2],
    ['RGBA', 6],
  ] as const)('%s becomes its luma', (_, colorType) => {
    const { pixels, bitDepth } = decodePng(
      coloured(
        [
          [255, 0, 0, 255],
          [0, 255, 0, 255],
          [0, 0, 255, 255],
        ],
        colorType,
      ),
    );
    expect([...pixels].map((value) => Number(value.toFixed(3)))).toEqual([0.299, 0.587, 0.114]);
    expect(bitDepth).toBe(8);
  });

  test('what is transparent is white paper', () => {
    const { pixels } = decodePng(
      coloured(
        [
          [0, 0, 0, 0],
          [0, 0, 0, 128],
          [0, 0, 0, 255],
        ],
        6,
      ),
    );
    expect([...pixels].map((value) => Number(value.toFixed(2)))).toEqual([1, 0.5, 0]);
  });

  test('no PNG, and a damaged one', () => {
    expect(() => decodePng(Buffer.from('hello'))).toThrow();
    const bytes = Buffer.from(encodePng({ width: 8, height: 8, pixels: new Float32Array(64).fill(0.5) }));
    bytes[45] = (bytes[45] ?? 0) ^ 0xff;
    expect(() => decodePng(bytes)).toThrow();
  });
});

describe('resizing', () => {
  const image = { width: 4, height: 2, pixels: Float32Array.of(0, 0, 1, 1, 0, 0, 1, 1) };

  test('keeps what is even, and averages when shrinking', () => {
    const even = resizeImage({ ...image, pixels: new Float32Array(8).fill(0.3) }, 9, 5);
    for (const value of even.pixels) expect(value).toBeCloseTo(0.3, 6);
    const small = resizeImage(image, 2, 1);
    expect([small.pixels[0], small.pixels[1]].map((value) => Number(value?.toFixed(2)))).toEqual([0.13, 0.88]);
  });

  test('an image of the same size is the same', () => {
    expect(resizeImage(image, 4, 2)).toBe(image);
  });
});
