import { readFileSync } from 'node:fs';
import { SuperviseError, systemErrorCode } from '../../protocol/index.js';

/** The characters that labels are made of. */
export interface Charset {
  readonly characters: readonly string[];
  /** Number of characters. */
  readonly size: number;
  /** Index of the CTC blank: always the last class, equal to `size`. Networks have `size + 1` classes. */
  readonly blank: number;
  /** Text of character indices; indices outside the set are left out. */
  readonly decode: (labels: Iterable<number>) => string;
  /** Character indices of a text; characters outside the set are left out. */
  readonly encode: (text: string) => Int32Array;
}

/**
 * Reads a charset file: UTF-8, one character a line (a space is a character too), order as in the file. Without a path: the
 * ten digits.
 * @throws DATA_MISSING, CONFIG_INVALID (two characters on a line, a character twice, an empty line between others)
 */
export function loadCharset(path?: string): Charset {
  return createCharset(path === undefined ? [...'0123456789'] : readCharacters(path));
}

/** Makes a charset of these characters, in this order. */
export function createCharset(characters: readonly string[]): Charset {
  const indexOf = new Map(characters.map((character, index) => [character, index]));
  return {
    characters,
    size: characters.length,
    blank: characters.length,
    decode: (labels) => Array.from(labels, (label) => characters[label] ?? '').join(''),
    encode: (text) => Int32Array.from(splitCharacters(text).flatMap((character) => indexOf.get(character) ?? [])),
  };
}

function readCharacters(path: string): string[] {
  const lines = readText(path)
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/);
  while (lines.at(-1) === '') lines.pop();
  const seen = new Set<string>();
  for (const [index, line] of lines.entries()) {
    const where = `${path}:${index + 1}`;
    if (splitCharacters(line).length !== 1) throw invalid(where, `${JSON.stringify(line)} is not one character`);
    if (seen.has(line)) throw invalid(where, `${JSON.stringify(line)} stands here for the second time`);
    seen.add(line);
  }
  if (lines.length === 0) throw invalid(path, 'the character list is empty');
  return lines;
}

/** What a reader takes for one character: a letter with its combining accents counts once. */
function splitCharacters(text: string): string[] {
  return Array.from(new Intl.Segmenter('und', { granularity: 'grapheme' }).segment(text), ({ segment }) => segment);
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const what =
      systemErrorCode(error) === 'ENOENT'
        ? 'there is no such file (ENOENT)'
        : `cannot be read (${(error as Error).message})`;
    throw new SuperviseError('DATA_MISSING', { what, where: path, hint: 'check data.charset_path' }, { cause: error });
  }
}

function invalid(where: string, what: string): SuperviseError {
  return new SuperviseError('CONFIG_INVALID', { what, where, expected: 'one character a line, each once' });
}
