import { readdirSync, readFileSync } from 'node:fs';
import { type ExitStatus, failureClassNames } from '../../src/protocol/index.js';

/** One log tail of test/fixtures/failures with what it has to be called. */
export interface CorpusTail {
  readonly set: 'develop' | 'held-out';
  readonly file: string;
  readonly expected: string;
  readonly status: ExitStatus;
  readonly source: string;
  readonly lines: readonly string[];
}

const folder = new URL('../fixtures/failures/', import.meta.url);
const header = /^=== ([a-z-]+) \| (?:exit (\d+)|(SIG[A-Z]+)) \| (https:\S+)$/;

/** Reads one half of the corpus. */
export function readCorpus(set: CorpusTail['set']): CorpusTail[] {
  const names = readdirSync(new URL(`${set}/`, folder)).filter((name) => name.endsWith('.txt'));
  return names.flatMap((name) => readTails(set, name, readFileSync(new URL(`${set}/${name}`, folder), 'utf8')));
}

function readTails(set: CorpusTail['set'], file: string, text: string): CorpusTail[] {
  const tails: (CorpusTail & { lines: string[] })[] = [];
  for (const line of text.trimEnd().split('\n')) {
    const [, expected, code, signal, source] = header.exec(line) ?? [];
    if (expected !== undefined && source !== undefined) {
      if (!(failureClassNames as readonly string[]).includes(expected)) throw new Error(`${file}: class ${expected}?`);
      const status = {
        code: code === undefined ? null : Number(code),
        signal: (signal ?? null) as ExitStatus['signal'],
      };
      tails.push({ set, file, expected, status, source, lines: [] });
    } else tails.at(-1)?.lines.push(line);
  }
  return tails;
}

/** What was said of each tail, and the mean over the classes of the harmonic mean of precision and recall. */
export interface Score {
  readonly tails: number;
  readonly classes: number;
  readonly macroF1: number;
  /** `expected → said, source` of every tail that was named wrong. */
  readonly confusions: readonly string[];
}

/** Scores a classifier on tails. Every class that is expected or said counts the same. */
export function scoreTails(tails: readonly CorpusTail[], nameOf: (tail: CorpusTail) => string): Score {
  const said = tails.map((tail) => ({ ...tail, said: nameOf(tail) }));
  const names = new Set(said.flatMap(({ expected, said: name }) => [expected, name]));
  const scores = [...names].map((name) => {
    const right = said.filter((tail) => tail.expected === name && tail.said === name).length;
    const wrong = said.filter((tail) => (tail.expected === name) !== (tail.said === name)).length;
    return (2 * right) / (2 * right + wrong);
  });
  return {
    tails: tails.length,
    classes: new Set(tails.map(({ expected }) => expected)).size,
    macroF1: scores.reduce((sum, score) => sum + score, 0) / scores.length,
    confusions: said
      .filter((tail) => tail.expected !== tail.said)
      .map((tail) => `${tail.expected} → ${tail.said}: ${tail.set}/${tail.file} ${tail.source}`),
  };
}
