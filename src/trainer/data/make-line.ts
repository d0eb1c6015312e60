import { createRandom, type Random } from '../random/random.js';
import type { Line } from './batch.js';
import { composeLine } from './compose-line.js';
import { degradeLine } from './degrade-line.js';
import { type Digits, type Glyph, loadDigits, type Split } from './digits.js';

/** What made lines look like; together with split and index it determines each line. */
export interface LineSpec {
  readonly seed: number;
  readonly width: number;
  readonly height: number;
  readonly digitsMin: number;
  readonly digitsMax: number;
}

/** A made line and the handwritten digits it shows or that shine through from its reverse. */
export interface MadeLine extends Line {
  readonly glyphs: readonly Glyph[];
}

/**
 * Makes line `index` of a split: handwritten digits on white paper (`clean`), and the same line aged (`degraded`). A pure
 * function of its arguments. Labels are the digits themselves.
 */
export function makeLine(spec: LineSpec, split: Split, index: number): MadeLine {
  const digits = loadDigits();
  const random = createRandom(spec.seed, 'line', split, index);
  const front = pickGlyphs(random, digits, split, spec);
  const reverse = pickGlyphs(random, digits, split, spec);
  const ink = composeLine(random, front, spec.width, spec.height);
  const reverseInk = composeLine(random, reverse, spec.width, spec.height);
  return {
    degraded: degradeLine(random, ink, reverseInk).values,
    clean: ink.values.map((value) => 1 - value),
    labels: Int32Array.from(front, ({ digit }) => digit),
    glyphs: [...front, ...reverse],
  };
}

/** Draws handwritten digits of a split, as many as the line may have. */
export function pickGlyphs(
  random: Random,
  digits: Digits,
  split: Split,
  { digitsMin, digitsMax }: Pick<LineSpec, 'digitsMin' | 'digitsMax'>,
): Glyph[] {
  return Array.from({ length: random.integer(digitsMin, digitsMax) }, () => {
    const images = digits[split][random.integer(0, 9)] ?? [];
    return images[random.integer(0, images.length - 1)] as Glyph;
  });
}
