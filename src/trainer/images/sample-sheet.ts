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
  const sheet = blankSheet(3 * (width + gapPixels) + gapPixels, rows.length * (height + gapPixels) + gapPixels);
  for (const [row, { degraded, restored, clean }] of rows.entries()) {
    for (const [column, pixels] of [degraded, restored, clean].entries()) {
      paste(
        sheet,
        { width, height, pixels },
        gapPixels + column * (width + gapPixels),
        gapPixels + row * (height + gapPixels),
      );
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
