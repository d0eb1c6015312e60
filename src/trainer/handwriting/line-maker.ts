import { readFileSync } from 'node:fs';
import { SuperviseError } from '../../protocol/index.js';
import type { Line } from '../data/batch.js';
import { type Charset, createCharset } from '../data/charset.js';
import { composeLine } from '../data/compose-line.js';
import { loadDigits, pickGlyphs, type Split } from '../data/index.js';
import type { Plane } from '../data/plane.js';
import { createRandom, type Random } from '../random/random.js';
import { type AgingEffect, ageLine } from './age-line.js';
import { type Font, loadFont } from './load-font.js';
import { type TextSource, textFrom, usualText } from './text-source.js';
import { writeLine } from './write-line.js';

/** What the lines of a data set look like; plain data, and together with split and index it determines each line. */
export interface HandwritingSpec {
  readonly seed: number;
  readonly width: number;
  readonly height: number;
  /** Font files; none for lines of real handwritten digits. */
  readonly fonts: readonly string[];
  /** A text file that words are taken from; without it common words come. */
  readonly text: string | undefined;
  /** Fewest and most digits on a line of digits. */
  readonly digits: readonly [least: number, most: number];
  readonly effects: readonly AgingEffect[];
  readonly severity: number;
}

export interface LineMaker {
  readonly charset: Charset;
  /** Names of the fonts. */
  readonly fonts: readonly string[];
  /** Makes line `index` of a split. */
  readonly make: (split: Split, index: number) => Line;
}

/**
 * Loads fonts and text and returns what makes lines: handwriting on white paper (`clean`) and the same aged (`degraded`).
 * @throws DATA_MISSING, DATA_CORRUPT, also when no font has the characters of the text
 */
export async function createLineMaker(spec: HandwritingSpec): Promise<LineMaker> {
  const writer = spec.fonts.length === 0 ? digitWriter(spec) : await fontWriter(spec);
  const aging = { effects: new Set(spec.effects), severity: spec.severity };
  return {
    charset: writer.charset,
    fonts: writer.fonts,
    make: (split, index) => {
      const random = createRandom(spec.seed, 'handwriting', split, index);
      const front = writer.write(random, split);
      const reverse = writer.write(random, split);
      const randomOf = (effect: AgingEffect) => createRandom(spec.seed, 'aging', effect, split, index);
      return {
        degraded: ageLine(randomOf, front.ink, reverse.ink, aging).values,
        clean: front.ink.values.map((value) => 1 - value),
        labels: writer.charset.encode(front.text),
      };
    },
  };
}

interface Writer {
  readonly charset: Charset;
  readonly fonts: readonly string[];
  readonly write: (random: Random, split: Split) => { readonly ink: Plane; readonly text: string };
}

function digitWriter(spec: HandwritingSpec): Writer {
  const [digitsMin, digitsMax] = spec.digits;
  return {
    charset: createCharset([...'0123456789']),
    fonts: [],
    write: (random, split) => {
      const glyphs = pickGlyphs(random, loadDigits(), split, { digitsMin, digitsMax });
      const ink = composeLine(random, glyphs, spec.width, spec.height);
      return { ink, text: glyphs.map(({ digit }) => digit).join('') };
    },
  };
}

async function fontWriter(spec: HandwritingSpec): Promise<Writer> {
  const source = spec.text === undefined ? usualText() : textFrom(readText(spec.text));
  const fonts: Font[] = [];
  for (const path of spec.fonts) fonts.push(await loadFont(path));
  const known = source.characters.filter((character) => fonts.some((font) => font.has(character)));
  if (known.length < 2) throw unfit('no font has any character of the text', spec.fonts.join(', '));
  return {
    charset: createCharset(known),
    fonts: fonts.map(({ name }) => name),
    write: (random, split) => {
      const font = fonts[random.integer(0, fonts.length - 1)] as Font;
      const text = takeText(random, source, font, split, spec);
      return { ink: writeLine(random, font, text, spec), text };
    },
  };
}

/** Tries so many words before a font is taken to have none of them. */
const mostTries = 1000;

/** Words that the font has, as many as fill a part of the line that is drawn at random. */
function takeText(random: Random, source: TextSource, font: Font, split: Split, { width, height }: HandwritingSpec) {
  const room = (width / height) * random.uniform(0.5, 1.5);
  let [text, length] = ['', 0];
  let tries = 0;
  for (const word of source.words(random, split)) {
    if (++tries > mostTries) break;
    if (!font.has(word)) continue;
    const longer = text === '' ? word : `${text} ${word}`;
    const wide = widthOf(font, longer);
    if (text !== '' && wide > room) break;
    [text, length] = [longer, wide];
    if (length >= room) break;
  }
  if (text === '') throw unfit('the font has no word of the text', font.path);
  return text;
}

function readText(path: string): string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const what = `the text cannot be read (${(error as Error).message})`;
    throw new SuperviseError('DATA_MISSING', { what, where: path, hint: 'check --text' }, { cause: error });
  }
  if (text.trim() !== '') return text;
  throw new SuperviseError('DATA_CORRUPT', { what: 'there is no word in this text', where: path });
}

function unfit(what: string, where: string): SuperviseError {
  return new SuperviseError('DATA_CORRUPT', { what, where, hint: 'take another font, or another --text' });
}

/** Width of a text in units of its own height. */
function widthOf(font: Font, text: string): number {
  let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
  for (const contour of font.outline(text).flat()) {
    for (let at = 0; at < contour.length; at += 2) {
      left = Math.min(left, contour[at] as number);
      right = Math.max(right, contour[at] as number);
      top = Math.min(top, contour[at + 1] as number);
      bottom = Math.max(bottom, contour[at + 1] as number);
    }
  }
  return (right - left) / Math.max(bottom - top, 1e-6);
}
