import type { Line } from '../data/batch.js';
import { type GrayImage, imageSheet } from '../images/index.js';

/** Lines wider than this are shown below each other, not beside. */
const widestBeside = 320;

/** Shows lines on one sheet, each degraded and clean. */
export function previewSheet(lines: readonly Line[], width: number, height: number): GrayImage {
  const rows = lines.flatMap(({ degraded, clean }) =>
    width > widestBeside ? [[degraded], [clean]] : [[degraded, clean]],
  );
  return imageSheet(rows, width, height);
}
