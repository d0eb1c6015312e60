import { createRandom, type Random } from '../src/trainer/random/random.js';

/** Damaged versions of a file: each of 10,000 that is read from memory; of those on disk all only with SOAK. */
export const mutants = { inMemory: 10_000, onDisk: process.env['SOAK'] === undefined ? 1000 : 10_000 } as const;

/** A damaged version of a file, with what was done to it. */
export interface Mutant {
  readonly what: string;
  readonly bytes: Buffer;
}

/**
 * Damages a file in `count` ways: cut off at every byte first, then flipped bits, insertions, removals, NUL bytes, invalid UTF-8,
 * and, where it holds JSON, other numbers and types, swapped fields and deep nesting; or it is empty or another file's content.
 */
export function* mutate(
  original: Buffer,
  count: number,
  { seed, others = [] }: { readonly seed: number; readonly others?: readonly Buffer[] },
): Generator<Mutant> {
  const cuts = Math.min(original.length, Math.floor(count / 2));
  for (let index = 0; index < cuts; index++) {
    const length = cuts === original.length ? index : Math.floor((index * original.length) / cuts);
    yield { what: `cut off at ${length}`, bytes: original.subarray(0, length) };
  }
  const random = createRandom(seed, 'mutations');
  const kinds = Object.entries(mutators);
  for (let index = cuts; index < count; index++) {
    const [what, change] = kinds[index % kinds.length] as (typeof kinds)[number];
    yield { what: `${what} (${index})`, bytes: change(original, random, others) };
  }
}

type Mutator = (original: Buffer, random: Random, others: readonly Buffer[]) => Buffer;

const strangeValues = [
  ...[
    '9007199254740991',
    '9007199254740992',
    '1e308',
    '1e999',
    '-1e999',
    '-1',
    '-0',
    '0',
    '0.5',
    '1e-320',
    '4294967296',
  ],
  ...['null', 'true', '""', '"\\u0000"', '"\\ud800"', '[]', '{}', '"NaN"', 'NaN', '"../../../etc/passwd"', '[[],{}]'],
  ...['{"__proto__":{"last_completed_epoch":99}}', '"completed"', '"early_stopped"', `"${'x'.repeat(70_000)}"`],
  ...[`${'['.repeat(50_000)}${']'.repeat(50_000)}`, `${'{"a":'.repeat(9000)}1${'}'.repeat(9000)}`, '['.repeat(100_000)],
];

const mutators: Readonly<Record<string, Mutator>> = {
  'a flipped bit': (original, random) => {
    const bytes = Buffer.from(original);
    const at = position(bytes, random);
    if (at < bytes.length) bytes[at] = (bytes[at] as number) ^ (1 << random.integer(0, 7));
    return bytes;
  },
  'many flipped bits': (original, random) =>
    Buffer.from(original.map((byte) => (random.uniform() < 0.02 ? byte ^ (1 << random.integer(0, 7)) : byte))),
  'random bytes inserted': (original, random) =>
    insert(original, random, Buffer.from(Array.from({ length: random.integer(1, 40) }, () => random.integer(0, 255)))),
  'NUL bytes inserted': (original, random) => insert(original, random, Buffer.alloc(random.integer(1, 5000))),
  'invalid UTF-8 inserted': (original, random) =>
    insert(
      original,
      random,
      Buffer.from([0xc3, 0x28, 0xa0, 0xa1, 0xff, 0xfe, 0xf4, 0x90, 0x80].slice(random.integer(0, 8))),
    ),
  'a range removed': (original, random) => {
    const [from, to] = range(original, random);
    return Buffer.concat([original.subarray(0, from), original.subarray(to)]);
  },
  'a range doubled': (original, random) => {
    const [from, to] = range(original, random);
    return Buffer.concat([original.subarray(0, to), original.subarray(from)]);
  },
  'a range zeroed': (original, random) => Buffer.from(original).fill(0, ...range(original, random)),
  'two values swapped': (original, random) => {
    const values = valuesIn(original);
    const [one, two] = [pick(values, random), pick(values, random)].sort(
      (left, right) => (left?.at ?? 0) - (right?.at ?? 0),
    );
    if (one === undefined || two === undefined || one.at === two.at) return original.subarray(1);
    const text = original.toString('latin1');
    const between = text.slice(one.at + one.text.length, two.at);
    const swapped = `${text.slice(0, one.at)}${two.text}${between}${one.text}${text.slice(two.at + two.text.length)}`;
    return Buffer.from(swapped, 'latin1');
  },
  'a strange value': strangeValue,
  'another strange value': strangeValue,
  'another content': (original, random, others) => pick(others, random) ?? original.subarray(original.length),
  'another content behind it': (original, random, others) =>
    Buffer.concat([original, pick(others, random) ?? Buffer.from('{}')]),
  'nothing at all': () => Buffer.alloc(0),
};

function strangeValue(original: Buffer, random: Random): Buffer {
  const value = pick(valuesIn(original), random);
  const strange = pick(strangeValues, random) as string;
  if (value === undefined) return insert(original, random, Buffer.from(strange));
  const text = original.toString('latin1');
  return Buffer.from(`${text.slice(0, value.at)}${strange}${text.slice(value.at + value.text.length)}`, 'latin1');
}

/** Numbers, strings and literals behind a colon, a comma or a bracket. */
function valuesIn(bytes: Buffer): { readonly at: number; readonly text: string }[] {
  const text = bytes.subarray(0, 100_000).toString('latin1');
  return [...text.matchAll(/(?<=[:,[]\s*)("[^"\n]*"|-?[\d.]+|true|false|null)/g)].map((match) => ({
    at: match.index,
    text: match[0],
  }));
}

function insert(original: Buffer, random: Random, inserted: Buffer): Buffer {
  const at = position(original, random);
  return Buffer.concat([original.subarray(0, at), inserted, original.subarray(at)]);
}

function range(bytes: Buffer, random: Random): [number, number] {
  const from = position(bytes, random);
  return [from, Math.min(bytes.length, from + random.integer(1, 64))];
}

function position(bytes: Buffer, random: Random): number {
  return Math.floor(random.uniform() * bytes.length);
}

function pick<Item>(items: readonly Item[], random: Random): Item | undefined {
  return items[Math.floor(random.uniform() * items.length)];
}
