import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { crc32c } from '@node-rs/crc32';

const side = 28;
const validationShare = 10;

/** Which digits a line is made of: no digit belongs to both. */
export type Split = 'train' | 'validation';

/** One handwritten digit, cut to its ink: height × width values, 0 paper and 255 ink. */
export interface Glyph {
  /** Number of the digit image among all of them. */
  readonly id: number;
  /** 0 … 9 */
  readonly digit: number;
  readonly width: number;
  readonly height: number;
  readonly ink: Uint8Array;
}

/** The handwritten digits: `glyphs[split][digit]` lists the images of a digit. */
export type Digits = Readonly<Record<Split, readonly (readonly Glyph[])[]>>;

/**
 * The 10,000 handwritten digits of the `mnist` package, read at the first call (a quarter of a second). Which split an image
 * belongs to follows from its content, about one in ten goes to validation: so it is the same for every seed, and a digit
 * that the recognizer in models/ was trained with never validates anything.
 */
export function loadDigits(): Digits {
  loaded ??= readDigits();
  return loaded;
}

let loaded: Digits | undefined;

function readDigits(): Digits {
  const require = createRequire(import.meta.url);
  const digits = { train: [] as Glyph[][], validation: [] as Glyph[][] };
  let id = 0;
  for (let digit = 0; digit < 10; digit++) {
    const path = require.resolve(`mnist/src/digits/${digit}.json`);
    const { data } = JSON.parse(readFileSync(path, 'utf8')) as { data: number[] };
    const bytes = toBytes(data);
    const of: Record<Split, Glyph[]> = { train: [], validation: [] };
    for (let start = 0; start + side * side <= bytes.length; start += side * side) {
      const image = bytes.subarray(start, start + side * side);
      const split = crc32c(image) % validationShare === 0 ? 'validation' : 'train';
      of[split].push(cutToInk(image, id++, digit));
    }
    digits.train.push(of.train);
    digits.validation.push(of.validation);
  }
  return digits;
}

/** A loop, because `Uint8Array.from` with a function takes a second for these eight million values. */
function toBytes(values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(values.length);
  for (let i = 0; i < values.length; i++) bytes[i] = Math.round((values[i] as number) * 255);
  return bytes;
}

function cutToInk(image: Uint8Array, id: number, digit: number): Glyph {
  let [left, right, top, bottom] = [side, 0, side, 0];
  for (let i = 0; i < image.length; i++) {
    if (image[i] === 0) continue;
    const [x, y] = [i % side, Math.floor(i / side)];
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = y;
  }
  const [width, height] = [right - left + 1, bottom - top + 1];
  const ink = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    const start = (top + y) * side + left;
    ink.set(image.subarray(start, start + width), y * width);
  }
  return { id, digit, width, height, ink };
}
