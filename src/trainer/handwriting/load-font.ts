import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename } from 'node:path';
import type opentypePackage from 'opentype.js';
import { SuperviseError, systemErrorCode } from '../../protocol/index.js';
import { type Contour, toContours } from './contours.js';

/** A font that lines are written in. */
export interface Font {
  readonly path: string;
  /** What it calls itself. */
  readonly name: string;
  /** Whether it has a shape for every character of a text. */
  readonly has: (text: string) => boolean;
  /** Outlines of a text, one list of contours for each letter, 1 unit high from line to line; y goes down from the baseline. */
  readonly outline: (text: string) => Contour[][];
}

/**
 * Loads a font file: TTF, OTF or WOFF.
 * @throws DATA_MISSING, DATA_CORRUPT
 */
export async function loadFont(path: string): Promise<Font> {
  const bytes = readFont(path);
  // Few ever read a font. Code that was compiled ahead cannot import.
  const opentype = createRequire(import.meta.url)('opentype.js') as typeof opentypePackage;
  try {
    const font = opentype.parse(bytes);
    return {
      path,
      name: font.getEnglishName('fullName') ?? basename(path),
      has: (text) => [...text].every((character) => character === ' ' || font.charToGlyphIndex(character) > 0),
      outline: (text) => font.getPaths(text, 0, 0, 1, { kerning: true }).map(({ commands }) => toContours(commands)),
    };
  } catch (error) {
    const what = `cannot be read as a font (${(error as Error).message})`;
    const problem = { what, where: path, expected: 'a TTF, OTF or WOFF file', hint: 'WOFF2 has to be converted first' };
    throw new SuperviseError('DATA_CORRUPT', problem, { cause: error });
  }
}

function readFont(path: string): ArrayBuffer {
  try {
    const bytes = readFileSync(path);
    return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
  } catch (error) {
    const isMissing = systemErrorCode(error) === 'ENOENT';
    const what = isMissing ? 'there is no such font (ENOENT)' : `cannot be read (${(error as Error).message})`;
    throw new SuperviseError('DATA_MISSING', { what, where: path, hint: 'check --font' }, { cause: error });
  }
}
