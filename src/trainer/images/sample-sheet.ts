import type { GrayImage } from './gray-image.js';

const gapPixels = 4;
const gapShade = 0.5;

/** One row of a sample sheet: three images of height × width. */
export interface SampleRow {
  readonly degraded: Float32Array;
  readonly restored: Float32Array;
  readonly clean: Float32Array;
}

/** Puts samples on one sheet, a row each, degraded | restored | clean, with a grey gap between and around them. */
export function sampleSheet(rows: readonly SampleRow[], width: number, height: number): GrayImage {
  const images = rows.map(({ degraded, restored, clean }) => [degraded, restored, clean]);
  return imageSheet(images, width, height, 3);
}

/** Puts rows of images of one size on a sheet, with a grey gap between and around them. */
export function imageSheet(
  rows: readonly (readonly Float32Array[])[],
  width: number,
  height: number,
  columns = Math.max(1, ...rows.map(({ length }) => length)),
): GrayImage {
  const sheet = blankSheet(columns * (width + gapPixels) + gapPixels, rows.length * (height + gapPixels) + gapPixels);
  for (const [row, images] of rows.entries()) {
    for (const [column, pixels] of images.entries()) {
      const [left, top] = [gapPixels + column * (width + gapPixels), gapPixels + row * (height + gapPixels)];
      paste(sheet, { width, height, pixels }, left, top);
    }
  }
  return sheet;
}

function blankSheet(width: number, height: number): GrayImage {
  return { width, height, pixels: new Float32Array(width * height).fill(gapShade) };
}

function paste(sheet: GrayImage, image: GrayImage, left: number, top: number): void {
  for (let y = 0; y < image.height; y++) {
    const row = image.pixels.subarray(y * image.width, (y + 1) * image.width);
    sheet.pixels.set(row, (top + y) * sheet.width + left);
  }
}
