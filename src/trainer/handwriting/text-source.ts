import type { Split } from '../data/digits.js';
import type { Random } from '../random/random.js';
import { usualWords } from './words.js';

/** Where the words of lines come from. */
export interface TextSource {
  /** Endless words for one line. */
  readonly words: (random: Random, split: Split) => Generator<string, never, void>;
  /** All characters that can come, sorted; a space among them. */
  readonly characters: readonly string[];
}

const letters = 'abcdefghijklmnopqrstuvwxyz';

/** One word in so many of a running text validates: its end, which is never trained on. */
const validationShare = 10;

/** Words in the order of a text, from a random place on. Its last tenth is for validation. */
export function textFrom(text: string): TextSource {
  const words = text.split(/\s+/).filter((word) => word !== '');
  const border = Math.max(1, Math.ceil(words.length - words.length / validationShare));
  const parts: Record<Split, readonly string[]> = { train: words.slice(0, border), validation: words.slice(border) };
  if (parts.validation.length === 0) parts.validation = words;
  return {
    characters: charactersOf(words),
    *words(random, split) {
      const part = parts[split];
      for (let at = random.integer(0, part.length - 1); ; at++) yield part[at % part.length] as string;
    },
  };
}

/** Common words, some of them capitalised or followed by a mark, and numbers and dates between them. */
export function usualText(): TextSource {
  return {
    characters: charactersOf([letters, letters.toUpperCase(), '0123456789.,;:-']),
    *words(random) {
      for (;;) {
        const kind = random.uniform();
        if (kind < 0.08) yield String(random.integer(1, 999));
        else if (kind < 0.12) yield `${random.integer(1, 31)}-${random.integer(1, 12)}-${random.integer(1650, 1899)}`;
        else yield mark(random, pickWord(random));
      }
    },
  };
}

function pickWord(random: Random): string {
  const word = usualWords[random.integer(0, usualWords.length - 1)] as string;
  return random.uniform() < 0.12 ? capitalise(word) : word;
}

function mark(random: Random, word: string): string {
  const marks = ['.', ',', ',', ';', ':'];
  return random.uniform() < 0.14 ? word + (marks[random.integer(0, marks.length - 1)] as string) : word;
}

function capitalise(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

/** Sorted by code point, so that a charset does not depend on the language of the machine. */
function charactersOf(words: readonly string[]): string[] {
  return [...new Set([' ', ...words.flatMap((word) => [...word])])].sort();
}
