import { describe, expect, test } from 'vitest';
import { restoreImage, type TileRestorer } from '../../../src/trainer/restoration/restore-image.js';
import { layTiles } from '../../../src/trainer/restoration/tiles.js';

const identity: TileRestorer = { width: 16, height: 8, restoreBatch: async (pixels) => pixels.slice() };

function picture(width: number, height: number) {
  return { width, height, pixels: Float32Array.from({ length: width * height }, (_, at) => Math.sin(at) / 2 + 0.5) };
}

describe('tiles', () => {
  test.each([
    [16, 1],
    [17, 2],
    [28, 2],
    [29, 3],
    [5, 1],
    [1000, 83],
  ])('an axis of %i pixels has %i tiles of 16 that share 4', (length, count) => {
    const { starts, weights } = layTiles(length, 16, 4);
    expect(starts).toHaveLength(count);
    expect(starts[0]).toBe(0);
    expect((starts.at(-1) as number) + 16).toBe(Math.max(16, length));
    for (const [index, start] of starts.slice(1).entries())
      expect(start - (starts[index] as number)).toBeLessThanOrEqual(12);
    for (const weight of weights) expect(weight).toBeGreaterThan(0);
  });
});

describe('restoring an image', () => {
  test.each([
    [16, 8],
    [100, 50],
    [5, 3],
    [1, 1],
    [33, 8],
  ])('of %i × %i pixels by a model that changes nothing gives it back', async (width, height) => {
    for (const overlap of [0, 0.25, 0.75]) {
      const image = picture(width, height);
      const restored = await restoreImage(image, identity, overlap);
      expect([restored.width, restored.height]).toEqual([width, height]);
      const distances = restored.pixels.map((value, at) => Math.abs(value - (image.pixels[at] as number)));
      expect(Math.max(...distances)).toBeLessThan(1e-5);
    }
  });

  test('a difference between neighbouring tiles is blended over the overlap', async () => {
    let number = 0;
    const step = { ...identity, restoreBatch: async (pixels: Float32Array) => shade(pixels, 128, () => number++) };
    const { pixels } = await restoreImage({ width: 28, height: 8, pixels: new Float32Array(224) }, step);
    const row = [...pixels.subarray(0, 28)];
    expect([row[0], row[27]]).toEqual([0, 1]);
    for (let x = 1; x < 28; x++) {
      const rise = (row[x] as number) - (row[x - 1] as number);
      expect(rise).toBeGreaterThanOrEqual(0);
      expect(rise).toBeLessThan(0.5);
    }
  });
});

/** Every tile in a shade of its own. */
function shade(pixels: Float32Array, size: number, next: () => number): Float32Array {
  const shaded = new Float32Array(pixels.length);
  for (let start = 0; start < pixels.length; start += size) shaded.fill(next(), start, start + size);
  return shaded;
}
